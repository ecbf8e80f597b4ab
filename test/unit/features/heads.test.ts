/** Features of values with one row for each head and token, where sizes alone would say a picture or its channels. */
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/dataset/dataset.js';
import { layoutOf, placeText, positionOf, tokenPlace, widthAxis } from '../../../src/core/dictionary/attach/layout.js';
import { countedRows, rowsOf } from '../../../src/core/dictionary/attach/rows.js';
import { findSites } from '../../../src/core/dictionary/attach/sites.js';
import { unexplainedVariance } from '../../../src/core/dictionary/unexplained-variance.js';
import { attachedAt, openAttached } from '../../../src/core/features/attached.js';
import { featureColumns, featureFacts, featureTotals } from '../../../src/core/features/columns.js';
import { excerptsOf, placeOf, shownPosition, tokensAt } from '../../../src/core/features/excerpts.js';
import { gatherFeatures } from '../../../src/core/features/gather.js';
import { changesOf } from '../../../src/core/features/steering/interventions.js';
import { openSteering } from '../../../src/core/features/steering/steer.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { headAxes } from '../../../src/core/graph/roles/head-axes.js';
import { floatTensor, int64Tensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { activationsOfAll } from '../../../src/worker/feature-activations.js';
import { NO_FILE } from '../dictionary/hand-made.js';
import { ENGINES, modelOf } from '../engine/engines.js';
import { datasetOf, subjectOf } from '../experiment/subject.js';
import { DECODER, twoWide } from './two-wide.js';

// As many heads as features of one, so that the axis of heads could be taken for channels of this width.
const [INPUTS, TOKENS, HEADS, DEPTH] = [3, 3, 2, 2];
const WIDTH = HEADS * DEPTH;
const FILLED = [3, 2, 1] as const;

const square = (seed: number): number[][] =>
  Array.from({ length: WIDTH }, (_, row) =>
    Array.from({ length: WIDTH }, (_, column) => Math.sin(seed + 1.3 * row + 2.9 * column * (row + 1))),
  );
const [W_Q, W_K, W_V, W_O] = [square(1), square(2), square(3), square(4)] as const;
const X = Array.from({ length: INPUTS }, (_, input) =>
  Array.from({ length: TOKENS }, (_, token) =>
    Array.from({ length: WIDTH }, (_, axis) => Math.cos(input * 5 + token * 2.1 + axis * axis)),
  ),
);

const times = (row: readonly number[], matrix: readonly (readonly number[])[]): number[] =>
  (matrix[0] ?? []).map((_, column) => row.reduce((sum, x, axis) => sum + x * (matrix[axis]?.[column] as number), 0));
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, axis) => sum + x * (b[axis] as number), 0);

/** z of one input, [heads][tokens][depth], by its definition. */
function attended(x: readonly (readonly number[])[]): number[][][] {
  const of = (matrix: readonly (readonly number[])[], head: number): number[][] =>
    x.map((row) => times(row, matrix).slice(head * DEPTH, (head + 1) * DEPTH));
  return Array.from({ length: HEADS }, (_, head) => {
    const [q, k, v] = [of(W_Q, head), of(W_K, head), of(W_V, head)];
    return q.map((query) => {
      const weights = k.map((key) => Math.exp(dot(query, key)));
      const sum = weights.reduce((a, b) => a + b, 0);
      return times(
        weights.map((weight) => weight / sum),
        v,
      );
    });
  });
}

const MODEL = modelOf({
  node: [
    ...[
      ['q', W_Q],
      ['k', W_K],
      ['v', W_V],
    ].flatMap(([name]) => [
      makeNode('MatMul', ['x', `W_${name as string}`], [`${name as string}.flat`]),
      makeNode('Reshape', [`${name as string}.flat`, 'parted'], [`${name as string}.parted`]),
      makeNode('Transpose', [`${name as string}.parted`], [name as string], { perm: [0, 2, 1, 3] }),
    ]),
    makeNode('Transpose', ['k'], ['kt'], { perm: [0, 1, 3, 2] }),
    makeNode('MatMul', ['q', 'kt'], ['scores']),
    makeNode('Softmax', ['scores'], ['pattern'], { axis: -1 }),
    makeNode('MatMul', ['pattern', 'v'], ['z']),
    makeNode('Transpose', ['z'], ['z.tokens'], { perm: [0, 2, 1, 3] }),
    makeNode('Reshape', ['z.tokens', 'joined'], ['z.joined']),
    makeNode('MatMul', ['z.joined', 'W_o'], ['logits']),
  ],
  input: [makeValueInfo('x', DataType.FLOAT, ['batch', 'tokens', WIDTH])],
  output: [makeValueInfo('logits', DataType.FLOAT, undefined)],
  initializer: [
    ...[W_Q, W_K, W_V, W_O].map((matrix, at) => floatTensor(`W_${'qkvo'[at] ?? ''}`, [WIDTH, WIDTH], matrix.flat())),
    int64Tensor('parted', [4], [0, 0, HEADS, DEPTH]),
    int64Tensor('joined', [3], [0, 0, WIDTH]),
  ],
});

/** The same as PyTorch’s own layer writes it: [tokens, batch, width], heads beside the examples. */
const BESIDE = modelOf({
  node: [
    makeNode('Transpose', ['x'], ['x.tokens'], { perm: [1, 0, 2] }),
    ...['q', 'k', 'v'].flatMap((name) => [
      makeNode('MatMul', ['x.tokens', `W_${name}`], [`${name}.flat`]),
      makeNode('Reshape', [`${name}.flat`, 'parted'], [`${name}.parted`]),
      makeNode('Transpose', [`${name}.parted`], [name], { perm: [1, 0, 2] }),
    ]),
    makeNode('Transpose', ['k'], ['kt'], { perm: [0, 2, 1] }),
    makeNode('MatMul', ['q', 'kt'], ['scores']),
    makeNode('Softmax', ['scores'], ['pattern'], { axis: -1 }),
    makeNode('MatMul', ['pattern', 'v'], ['z']),
    makeNode('Transpose', ['z'], ['z.tokens'], { perm: [1, 0, 2] }),
    makeNode('Reshape', ['z.tokens', 'joined'], ['z.joined']),
    makeNode('MatMul', ['z.joined', 'W_o'], ['attended']),
    makeNode('Transpose', ['attended'], ['logits'], { perm: [1, 0, 2] }),
  ],
  input: [makeValueInfo('x', DataType.FLOAT, ['batch', 'tokens', WIDTH])],
  output: [makeValueInfo('logits', DataType.FLOAT, undefined)],
  initializer: [
    ...[W_Q, W_K, W_V, W_O].map((matrix, at) => floatTensor(`W_${'qkvo'[at] ?? ''}`, [WIDTH, WIDTH], matrix.flat())),
    int64Tensor('parted', [3], [0, -1, DEPTH]),
    int64Tensor('joined', [3], [0, -1, WIDTH]),
  ],
});

const { coder, encode } = twoWide([-0.1, 0.1, 0.05]);

it('axes of heads are followed from what attention multiplies, and nothing else has any', () => {
  const axes = headAxes(createGraph(MODEL));
  const rows = { tokens: -2, features: -1 };
  const parted = { tokens: -3, features: -1 };
  expect(Object.fromEntries(axes)).toEqual({
    ...{ q: rows, k: rows, v: rows, kt: { tokens: -1, features: -2 }, scores: rows, pattern: rows, z: rows },
    ...{ 'q.parted': parted, 'k.parted': parted, 'v.parted': parted, 'z.tokens': parted },
  });
});

it('attention along lines of a picture, which no reshape merges, has no heads', () => {
  const model = modelOf({
    node: [
      makeNode('MatMul', ['x', 'W_q'], ['q']),
      makeNode('MatMul', ['x', 'W_k'], ['k']),
      makeNode('MatMul', ['x', 'W_v'], ['v']),
      makeNode('Transpose', ['k'], ['kt'], { perm: [0, 1, 3, 2] }),
      makeNode('MatMul', ['q', 'kt'], ['scores']),
      makeNode('Softmax', ['scores'], ['pattern'], { axis: -1 }),
      makeNode('MatMul', ['pattern', 'v'], ['z']),
      makeNode('MatMul', ['z', 'W_o'], ['y']),
    ],
    input: [makeValueInfo('x', DataType.FLOAT, ['batch', 5, 3, WIDTH])],
    output: [makeValueInfo('y', DataType.FLOAT, undefined)],
    initializer: [...'qkvo'].map((name) => floatTensor(`W_${name}`, [WIDTH, WIDTH], square(1).flat())),
  });
  expect(headAxes(createGraph(model)).size).toBe(0);
});

it('where heads lie beside the examples, values with their tokens first have no rows of one example', () => {
  const axes = headAxes(createGraph(BESIDE));
  const rows = { tokens: -2, features: -1, besideExamples: true };
  expect(axes.get('z')).toEqual(rows);
  expect(axes.get('z.tokens')).toEqual({ ...rows, tokens: -3 });
  expect(widthAxis([TOKENS, 4, DEPTH], DEPTH, { heads: { ...rows, tokens: -3 } })).toBeUndefined();
});

describe('places of heads', () => {
  const rows = { heads: { tokens: -2, features: -1 } };
  it.each([
    ['heads before tokens', [2, 3, 5, 4], rows, 1],
    ['heads within tokens', [2, 5, 3, 4], { heads: { tokens: -3, features: -1 } }, 3],
    ['groups of heads', [2, 3, 2, 5, 4], rows, 1],
  ] as const)('%s: head and token go there and back', (_, dims, told, within) => {
    const positions = dims.slice(1, -1).reduce((product: number, size) => product * size, 1);
    const layout = layoutOf({ dims, axis: 'last', examples: 2, positions }, told);
    expect(layout).toEqual({ kind: 'heads', heads: positions / 5, tokens: 5, within });
    const seen = new Set<string>();
    for (let position = 0; position < positions; position++) {
      const place = tokenPlace(position, layout);
      expect(positionOf(place, layout)).toBe(position);
      seen.add(placeText(position, layout));
    }
    expect(seen.size).toBe(positions);
    expect(placeText(within === 3 ? 8 : 7, layout)).toBe(within === 3 ? 'head 2, token 3' : 'head 1, token 3');
  });

  it('an axis of heads is no width, and keys on their side have none', () => {
    expect(widthAxis([2, 3, 5, 4], 3, rows)).toBeUndefined();
    expect(widthAxis([2, 3, 5, 4], 4, rows)).toBe('last');
    expect(widthAxis([2, 3, 4, 5], 5, { heads: { tokens: -1, features: -2 } })).toBeUndefined();
  });

  it('one head has the places of its tokens; windows beside the examples are not told apart', () => {
    expect(layoutOf({ dims: [2, 1, 5, 4], axis: 'last', examples: 2, positions: 5 }, rows)).toEqual({
      kind: 'sequence',
    });
    expect(layoutOf({ dims: [6, 2, 5, 4], axis: 'last', examples: 2, positions: 30 }, rows)).toEqual({
      kind: 'sequence',
    });
  });
});

/** Values by name, with their rows in the order of the places. */
const CASES = [
  { name: 'heads first', value: 'z', order: 'heads first', model: MODEL, dims: [1, HEADS, TOKENS, DEPTH] },
  { name: 'tokens first', value: 'z.tokens', order: 'tokens first', model: MODEL, dims: [1, TOKENS, HEADS, DEPTH] },
  { name: 'beside examples', value: 'z', order: 'heads first', model: BESIDE, dims: [HEADS, TOKENS, DEPTH] },
] as const;
type Case = (typeof CASES)[number];

interface PlaceRow {
  readonly input: number;
  readonly head: number;
  readonly token: number;
  readonly row: readonly number[];
}

/** Places that count. */
function placesOf({ order }: Case): PlaceRow[] {
  const all = X.flatMap((x, input) =>
    attended(x).flatMap((rows, head) => rows.map((row, token) => ({ input, head, token, row }))),
  ).filter(({ input, token }) => token < (FILLED[input] as number));
  if (order === 'heads first') return all;
  return all.sort((a, b) => a.input - b.input || a.token - b.token || a.head - b.head);
}

describe.each(ENGINES)('features at heads, $name', ({ load }) => {
  const open = async ({ value, model }: Pick<Case, 'value' | 'model'>, batchSize = 2) => {
    const rows = X.map((input) => input.flat());
    const targets = FILLED.map((filled) => ({ filled }));
    const dataset: Dataset = {
      ...datasetOf({ input: 'x', dims: [TOKENS, WIDTH], rows, targets, paddedLength: TOKENS }),
      preview: async (input) => ({
        kind: 'tokens',
        name: `text ${input}`,
        tokens: Array.from({ length: TOKENS }, (_, token) => `t${input}${token}`),
        ids: [],
      }),
    };
    const subject = await subjectOf(model, dataset, await load(), { batchSize });
    const { graph } = subject;
    const places = attachedAt(graph, { reads: value, writes: value, variant: 'as it is' });
    return { subject, attached: { coder, file: NO_FILE, folder: '/', ...places } };
  };

  it.each(CASES)(
    '$name: padding counts at no head, whatever the batch; FVU leaves the first tokens out',
    async (of) => {
      const places = placesOf(of);
      const active = places.map(({ row }) => encode(row));
      for (const batchSize of [1, 3]) {
        const { subject, attached } = await open(of, batchSize);
        const { state, reconstruction, layout, stride } = await gatherFeatures(subject, attached);
        expect(layout).toEqual({ kind: 'heads', heads: 2, tokens: 3, within: of.order === 'heads first' ? 1 : HEADS });
        expect(stride).toBe(HEADS * TOKENS);
        expect(featureTotals(state).tokens).toBe(HEADS * (3 + 2 + 1));
        const columns = featureColumns(state);
        DECODER.forEach((_, feature) => {
          const values = active.map((f) => f[feature] as number);
          const above = values.filter((value) => value > 0);
          expect(columns.density[feature]).toBeCloseTo(above.length / places.length, 9);
          expect(columns.mean[feature]).toBeCloseTo(above.reduce((a, b) => a + b, 0) / above.length, 5);
          const strongest = places[values.indexOf(Math.max(...values))] as PlaceRow;
          const { input, position } = placeOf(columns.topToken[feature] as number, stride);
          expect({ input, ...tokenPlace(position, layout) }).toEqual({
            input: strongest.input,
            token: strongest.token,
            head: strongest.head,
          });
        });
        const fvu = (rows: readonly PlaceRow[]): number => {
          const off = (from: (row: readonly number[]) => readonly number[]): number =>
            rows.reduce(
              (sum, { row }) => sum + row.reduce((s, x, axis) => s + (x - (from(row)[axis] as number)) ** 2, 0),
              0,
            );
          const mean = [0, 1].map(
            (axis) => rows.reduce((sum, { row }) => sum + (row[axis] as number), 0) / rows.length,
          );
          return off((row) => times(encode(row), DECODER)) / off(() => mean);
        };
        expect(unexplainedVariance(reconstruction.all)).toBeCloseTo(fvu(places), 4);
        const later = places.filter(({ token }) => token > 0);
        expect(reconstruction.withoutFirst.tokens).toBe(later.length);
        expect(unexplainedVariance(reconstruction.withoutFirst)).toBeCloseTo(fvu(later), 4);
      }
    },
  );

  it.each(CASES)('$name: an example shows the tokens of its head, each with what the feature is there', async (of) => {
    const { subject, attached } = await open(of);
    const gathered = await gatherFeatures(subject, attached);
    const { state, stride, layout, rows } = gathered;
    const reader = await openAttached(subject, attached);
    const places = placesOf(of);
    for (const kept of [rows, { ...rows, of: () => undefined }]) {
      const source = { subject, attached, reader, rows: kept };
      for (const [feature] of DECODER.entries()) {
        const { top } = featureFacts(state, feature);
        const excerpts = await excerptsOf(
          subject.dataset,
          top.map(({ token }) => placeOf(token, stride)),
          layout,
          async (input) => (await activationsOfAll(source, input, [feature]))[0] as Float32Array,
        );
        expect(excerpts.length).toBeGreaterThan(0);
        for (const excerpt of excerpts) {
          const { input, position, at, tokens, activations } = excerpt;
          const { head } = tokenPlace(position, layout);
          const own = places.filter((place) => place.input === input && place.head === head);
          expect(tokens).toEqual(own.map(({ token }) => `t${input}${token}`));
          own.forEach(({ row }, token) => expect(activations[token]).toBeCloseTo(encode(row)[feature] as number, 5));
          expect(activations[at]).toBe(Math.max(...activations));
          tokens?.forEach((_, index) =>
            expect(tokenPlace(shownPosition(excerpt, index, layout), layout)).toEqual({ head, token: index }),
          );
        }
      }
    }
    await reader.release();
    const { topToken } = featureColumns(state);
    const texts = await tokensAt(subject.dataset, topToken, stride, layout);
    const wanted = [...topToken].map((token) => {
      const { input, position } = placeOf(token, stride);
      return `t${input}${tokenPlace(position, layout).token}`;
    });
    expect(texts).toEqual(wanted);
  });

  it.each(CASES)('$name: without a feature at one place, one head at one token changes', async (of) => {
    const { subject, attached } = await open(of);
    const steering = await openSteering(subject, attached, 'logits');
    const [head, token] = [1, 1];
    const z = attended(X[1] as number[][]);
    const row = z[head]?.[token] as number[];
    const feature = encode(row).findIndex((f) => f > 0);
    const layout = layoutOf(
      { dims: of.dims, axis: 'last', examples: 1, positions: HEADS * TOKENS },
      attached.told?.reads ?? {},
    );
    const batch = await subject.dataset.batch(1, 2);
    const steer = async (positions: 'all' | readonly number[]) =>
      steering.steered(
        batch,
        changesOf([{ feature, kind: 'ablate', amount: 0, unit: 'absolute' }], Float32Array.of(1, 1, 1)),
        positions,
      );
    const [run, everywhere] = [await steer([positionOf({ head, token }, layout)]), await steer('all')];
    await steering.release();
    expect(run.tokens).toBe(FILLED[1]);
    /** Scores by token, with the feature taken away where it is meant. */
    const scores = (isMeant: (head: number, token: number) => boolean): number[][] =>
      Array.from({ length: TOKENS }, (_, at) =>
        times(
          z.flatMap((rows, each) => {
            const own = rows[at] as number[];
            const f = isMeant(each, at) ? (encode(own)[feature] as number) : 0;
            return own.map((x, axis) => x - f * (DECODER[feature]?.[axis] as number));
          }),
          W_O,
        ),
      );
    const close = (got: typeof run, want: number[][]): void =>
      want.forEach((wanted, at) => wanted.forEach((score, i) => expect(got.scores.row(at)[i]).toBeCloseTo(score, 4)));
    close(
      run,
      scores((each, at) => each === head && at === token),
    );
    close(
      everywhere,
      scores((_, at) => at < (FILLED[1] as number)),
    );
  });

  it('places to attach to: rows of heads alone, counted without padding, the first token of each apart', async () => {
    const { subject } = await open({ value: 'z', model: MODEL });
    const { byWidth } = await findSites(subject, [DEPTH, TOKENS]);
    const asItIs = (width: number) => byWidth.get(width)?.filter(({ variant }) => variant === 'as it is') ?? [];
    expect(asItIs(DEPTH).map(({ value, axis }) => [value, axis])).toEqual(
      ['q.parted', 'q', 'k.parted', 'k', 'v.parted', 'v', 'z', 'z.tokens'].map((value) => [value, 'last']),
    );
    // Keys on their side are as wide as there are tokens, which are no features.
    expect(asItIs(TOKENS).map(({ value }) => value)).toEqual(['scores', 'pattern']);
    const site = asItIs(DEPTH).find(({ value }) => value === 'z');
    const batch = { ...(await subject.dataset.batch(0, 2)), start: 0 };
    const tensor = { type: 'float32', dims: [2, HEADS, TOKENS, DEPTH], data: new Float32Array(24) } as const;
    const rows = rowsOf(tensor, DEPTH, site as NonNullable<typeof site>);
    expect([...countedRows(rows, batch, 2, site as NonNullable<typeof site>)]).toEqual([
      ...[2, 1, 1, 2, 1, 1],
      ...[2, 1, 0, 2, 1, 0],
    ]);
  });
});
