/** Features of a network that cuts a picture into patches: at its tokens, which are places of the picture. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/dataset/random.js';
import { isFirst, placeText, positionOf } from '../../../src/core/dictionary/attach/layout.js';
import { countedRows, rowsOf } from '../../../src/core/dictionary/attach/rows.js';
import { findSites } from '../../../src/core/dictionary/attach/sites.js';
import { attachedAt } from '../../../src/core/features/attached.js';
import { featureColumns, featureTotals } from '../../../src/core/features/columns.js';
import { excerptsOf, placeOf } from '../../../src/core/features/excerpts.js';
import { gatherFeatures } from '../../../src/core/features/gather.js';
import { openUnembedding } from '../../../src/core/features/logit-effects.js';
import {
  TensorProto_DataType as DataType,
  type ModelProto,
  type NodeProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { patchTokens } from '../../../src/core/graph/roles/patch-tokens.js';
import { floatTensor, int64Tensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { coderOf, NO_FILE } from '../dictionary/hand-made.js';
import { ENGINES, modelOf } from '../engine/engines.js';
import { datasetOf, subjectOf } from '../experiment/subject.js';

// 3 lines of 4 patches of 2 × 2 pixels.
const [WIDTH, PATCH, ROWS, COLUMNS] = [4, 2, 3, 4];
const [HEIGHT, BREADTH] = [ROWS * PATCH, COLUMNS * PATCH];
const numbers = (name: string, count: number): Float32Array => {
  const next = randomStream(3, name, 0);
  return Float32Array.from({ length: count }, () => next() - 0.5);
};
const weights = (name: string, ...dims: number[]) =>
  floatTensor(name, dims, [
    ...numbers(
      name,
      dims.reduce((all, size) => all * size, 1),
    ),
  ]);

interface Choices {
  /** Tokens that are joined before the patches, each of one value or several. */
  readonly before?: readonly number[];
  readonly kernel?: number;
  readonly order?: 'channels first' | 'channels last';
  /** What the scores are read from. */
  readonly reads?: 'first token' | 'mean';
  readonly shuffled?: boolean;
}

/** Patches → tokens → attention of 2 heads and an MLP on a residual stream → scores of 3 classes. */
function pictureTransformer(choices: Choices = {}): ModelProto {
  const {
    before = [1, 1],
    kernel = PATCH,
    order = 'channels first',
    reads = 'first token',
    shuffled = false,
  } = choices;
  const embedded: NodeProto[] =
    order === 'channels first'
      ? [
          makeNode('Reshape', ['patches', 'flat'], ['columns']),
          makeNode('Transpose', ['columns'], ['tokens'], { perm: [0, 2, 1] }),
        ]
      : [
          makeNode('Transpose', ['patches'], ['lines'], { perm: [0, 2, 3, 1] }),
          makeNode('Reshape', ['lines', 'flat last'], ['tokens']),
        ];
  const joined = before.length > 0 ? 'joined' : 'tokens';
  return modelOf({
    node: [
      makeNode('Conv', ['picture', 'conv.w', 'conv.b'], ['patches'], {
        kernel_shape: [kernel, kernel],
        strides: [PATCH, PATCH],
        ...(kernel === PATCH ? {} : { pads: [0, 0, kernel - PATCH, kernel - PATCH] }),
      }),
      ...embedded,
      // The tokens before are as many for each input: [1, n, width] with 0 of the picture's mean added.
      makeNode('ReduceMean', ['picture'], ['mean'], { axes: [1, 2, 3], keepdims: 1 }),
      makeNode('Mul', ['mean', 'zero'], ['nothing4']),
      makeNode('Squeeze', ['nothing4', 'one'], ['nothing']),
      ...before.map((_, at) => makeNode('Add', [`before${at}`, 'nothing'], [`others${at}`])),
      ...(before.length > 0
        ? [makeNode('Concat', [...before.map((_, at) => `others${at}`), 'tokens'], ['joined'], { axis: 1 })]
        : []),
      ...(shuffled
        ? [makeNode('Gather', [joined, 'backwards'], ['start'], { axis: 1 })]
        : [makeNode('Add', [joined, 'position'], ['start'])]),
      makeNode('LayerNormalization', ['start', 'gain', 'shift'], ['ln1']),
      ...['q', 'k', 'v'].flatMap((name) => [
        makeNode('MatMul', ['ln1', `${name}.w`], [`${name}.flat`]),
        makeNode('Reshape', [`${name}.flat`, 'parted'], [`${name}.parted`]),
        makeNode('Transpose', [`${name}.parted`], [name], { perm: [0, 2, 1, 3] }),
      ]),
      makeNode('Transpose', ['k'], ['kt'], { perm: [0, 1, 3, 2] }),
      makeNode('MatMul', ['q', 'kt'], ['scores']),
      makeNode('Softmax', ['scores'], ['pattern'], { axis: -1 }),
      makeNode('MatMul', ['pattern', 'v'], ['z']),
      makeNode('Transpose', ['z'], ['zt'], { perm: [0, 2, 1, 3] }),
      makeNode('Reshape', ['zt', 'side by side'], ['z.joined']),
      makeNode('MatMul', ['z.joined', 'o.w'], ['attention']),
      makeNode('Add', ['start', 'attention'], ['middle']),
      makeNode('LayerNormalization', ['middle', 'gain', 'shift'], ['ln2']),
      makeNode('MatMul', ['ln2', 'up.w'], ['up']),
      makeNode('Erf', ['up'], ['post']),
      makeNode('MatMul', ['post', 'down.w'], ['mlp']),
      makeNode('Add', ['middle', 'mlp'], ['end']),
      makeNode('LayerNormalization', ['end', 'gain', 'shift'], ['final']),
      reads === 'first token'
        ? makeNode('Gather', ['final', 'first'], ['read'], { axis: 1 })
        : makeNode('ReduceMean', ['final'], ['read'], { axes: [1], keepdims: 0 }),
      makeNode('Gemm', ['read', 'head.w'], ['logits']),
    ],
    input: [makeValueInfo('picture', DataType.FLOAT, ['batch', 1, HEIGHT, BREADTH])],
    output: [makeValueInfo('logits', DataType.FLOAT, undefined)],
    initializer: [
      weights('conv.w', WIDTH, 1, kernel, kernel),
      weights('conv.b', WIDTH),
      ...before.map((count, at) => weights(`before${at}`, 1, count, WIDTH)),
      weights('position', 1, 1, WIDTH),
      floatTensor('gain', [WIDTH], [1, 1.2, 0.8, -1]),
      floatTensor('shift', [WIDTH], [0, 0.1, 0, 0]),
      ...['q.w', 'k.w', 'v.w', 'o.w'].map((name) => weights(name, WIDTH, WIDTH)),
      weights('up.w', WIDTH, 6),
      weights('down.w', 6, WIDTH),
      weights('head.w', WIDTH, 3),
      floatTensor('zero', [], [0]),
      int64Tensor('one', [1], [1]),
      int64Tensor('first', [], [0]),
      int64Tensor('flat', [3], [0, 0, -1]),
      int64Tensor('flat last', [3], [0, -1, WIDTH]),
      int64Tensor('parted', [4], [0, 0, 2, WIDTH / 2]),
      int64Tensor('side by side', [3], [0, 0, WIDTH]),
      int64Tensor(
        'backwards',
        [ROWS * COLUMNS],
        Array.from({ length: ROWS * COLUMNS }, (_, at) => ROWS * COLUMNS - 1 - at),
      ),
    ],
  });
}

/** Values of the residual stream and beside it, all [batch, tokens, …]. */
const TOKEN_VALUES = ['start', 'ln1', 'q.flat', 'z.joined', 'attention', 'middle', 'up', 'post', 'mlp', 'end', 'final'];
const told = (choices: Choices) => patchTokens(createGraph(pictureTransformer(choices)));

describe('what is told of patches', () => {
  it('is followed through joining, attention and the MLP, in either order of channels', () => {
    for (const order of ['channels first', 'channels last'] as const) {
      const found = told({ order });
      expect([...TOKEN_VALUES].filter((value) => !found.has(value))).toEqual([]);
      expect(found.get('tokens')).toEqual({ grid: 'patches', hasOthers: false, hasClassToken: false });
      expect(found.get('end')).toEqual({ grid: 'patches', hasOthers: true, hasClassToken: true });
      expect(found.has('read')).toBe(false);
    }
  });

  it('the first of the others is a class token only where the network reads it alone', () => {
    expect(told({ reads: 'mean' }).get('end')).toMatchObject({ hasOthers: true, hasClassToken: false });
  });

  it('nothing is told where pixels are of several patches, or tokens are put into another order', () => {
    expect(told({ kernel: 3 }).size).toBe(0);
    const shuffled = told({ shuffled: true, before: [] });
    expect(shuffled.has('tokens')).toBe(true);
    expect(TOKEN_VALUES.filter((value) => shuffled.has(value))).toEqual([]);
  });
});

/** Fires where the first number of a row is above 0.2: at the start, wherever a patch is bright. */
const coder = coderOf({
  encoder: [[1], [0], [0], [0]],
  decoder: [[1, 0, 0, 0]],
  encoderBias: [-0.2],
  bias: [0, 0, 0, 0],
  subtracts: false,
  activation: { kind: 'relu' },
});
/** In each picture one patch is bright, by its line and column. */
const BRIGHT = [
  [0, 0],
  [1, 2],
  [2, 3],
  [2, 0],
  [0, 1],
] as const;

describe.each(ENGINES)('features at patches, $name', ({ load }) => {
  const open = async (model: ModelProto, value: string, batchSize = 2) => {
    const graph = createGraph(model);
    const kernel = numbers('conv.w', WIDTH * PATCH * PATCH).subarray(0, PATCH * PATCH);
    const size = HEIGHT * BREADTH;
    const all = new Float32Array(BRIGHT.length * size);
    BRIGHT.forEach(([row, column], input) => {
      // What the first channel of the convolution answers most.
      for (let y = 0; y < PATCH; y++)
        for (let x = 0; x < PATCH; x++)
          all[input * size + (row * PATCH + y) * BREADTH + column * PATCH + x] =
            (8 + input) * Math.sign(kernel[y * PATCH + x] as number);
    });
    const rows = BRIGHT.map((_, input) => [...all.subarray(input * size, (input + 1) * size)]);
    const dataset = datasetOf({ input: 'picture', dims: [1, HEIGHT, BREADTH], rows });
    const subject = await subjectOf(model, dataset, await load(), { batchSize });
    const places = attachedAt(graph, { reads: value, writes: value, variant: 'as it is' });
    return { subject, attached: { coder, file: NO_FILE, folder: '/', ...places } };
  };

  it.each([
    ['a class token and an extra one', { before: [1, 1] }, ['class token', 'extra token 1']],
    ['two extra ones in one piece', { before: [2], reads: 'mean' }, ['extra token 1', 'extra token 2']],
    ['no other tokens', { before: [], reads: 'mean' }, []],
    ['channels last', { before: [1], order: 'channels last' }, ['class token']],
  ] as const)('%s: the strongest place of each picture is its bright patch', async (_, choices, others) => {
    for (const batchSize of [1, 5]) {
      const { subject, attached } = await open(pictureTransformer(choices), 'start', batchSize);
      const { state, layout, stride, reconstruction } = await gatherFeatures(subject, attached);
      expect(layout).toEqual({ kind: 'patches', height: ROWS, width: COLUMNS, others });
      const tokens = others.length + ROWS * COLUMNS;
      expect(featureTotals(state).tokens).toBe(BRIGHT.length * tokens);
      expect(reconstruction.withoutFirst.tokens).toBe(others.length === 0 ? 0 : BRIGHT.length * ROWS * COLUMNS);
      const { input, position } = placeOf(featureColumns(state).topToken[0] as number, stride);
      // The last picture is the brightest.
      expect(input).toBe(BRIGHT.length - 1);
      expect(placeText(position, layout)).toBe('row 0, column 1');
      expect(others.map((_name, at) => placeText(at, layout))).toEqual(others);
      expect(Array.from({ length: tokens }, (_at, place) => isFirst(place, layout)).filter(Boolean)).toHaveLength(
        others.length,
      );
      const places = BRIGHT.map(([row, column], at) => ({
        input: at,
        position: others.length + row * COLUMNS + column,
      }));
      const excerpts = await excerptsOf(subject.dataset, places, layout, async () => new Float32Array(tokens));
      excerpts.forEach((excerpt, at) => {
        expect(excerpt).toMatchObject({ at: excerpt.position, inputName: String(at) });
        expect(excerpt.tokens).toBeUndefined();
        expect(excerpt.activations).toHaveLength(tokens);
        expect(placeText(excerpt.position, layout)).toBe(`row ${BRIGHT[at]?.[0]}, column ${BRIGHT[at]?.[1]}`);
      });
    }
  });

  it.each([
    ['z', 1],
    ['zt', 2],
  ] as const)('%s: a place of a head is a patch, too', async (value, within) => {
    const { subject, attached } = await open(pictureTransformer({ before: [1] }), value);
    const ofHeads = coderOf({
      encoder: [[1], [0]],
      decoder: [[1, 0]],
      encoderBias: [0],
      bias: [0, 0],
      subtracts: false,
      activation: { kind: 'relu' },
    });
    const { layout } = await gatherFeatures(subject, { ...attached, coder: ofHeads });
    expect(layout).toMatchObject({ kind: 'heads', heads: 2, tokens: 13, within, patches: { others: ['class token'] } });
    expect(placeText(positionOf({ head: 1, token: 0 }, layout), layout)).toBe('head 1, class token');
    expect(placeText(positionOf({ head: 1, token: 7 }, layout), layout)).toBe('head 1, row 1, column 2');
  });

  it('stays a sequence where the convolution does not cut the picture into patches', async () => {
    const { subject, attached } = await open(pictureTransformer({ kernel: 3 }), 'start');
    expect((await gatherFeatures(subject, attached)).layout).toEqual({ kind: 'sequence' });
  });

  it('where it fits: all values of the residual stream, tokens that are no patches apart', async () => {
    const { subject } = await open(pictureTransformer(), 'start');
    const { byWidth } = await findSites(subject, [WIDTH]);
    const site = byWidth.get(WIDTH)?.find(({ value, variant }) => value === 'end' && variant === 'as it is');
    if (site === undefined) throw new Error('It was not found.');
    const tokens = 2 + ROWS * COLUMNS;
    const dims = [2, tokens, WIDTH];
    const rows = rowsOf({ type: 'float32', dims, data: new Float32Array(2 * tokens * WIDTH) }, WIDTH, site);
    const counted = countedRows(rows, { ...(await subject.dataset.batch(0, 2)), start: 0 }, 2, site);
    const one = [2, 2, ...Array.from({ length: ROWS * COLUMNS }, () => 1)];
    expect([...counted]).toEqual([...one, ...one]);
  });

  it('direct effects on classes are the direction times the weights behind the token that is read', async () => {
    const { subject } = await open(pictureTransformer(), 'start');
    const effects = await openUnembedding(subject, 'logits', WIDTH, [WIDTH]);
    const head = numbers('head.w', WIDTH * 3);
    const found = await effects.effects(Float32Array.of(1, 0, 0, 0, 0, 0, 2, 0));
    [...head.subarray(0, 3), ...head.subarray(6, 9).map((each) => 2 * each)].forEach((each, at) =>
      expect(found[at]).toBeCloseTo(each, 5),
    );
    await effects.release();
  });
});
