/** Features where there are no tokens: at the places of a picture, at one row of each input, at steps of a series. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/dataset/random.js';
import { unexplainedVariance } from '../../../src/core/dictionary/unexplained-variance.js';
import { openAttached } from '../../../src/core/features/attached.js';
import { featureColumns, featureFacts, featureTotals } from '../../../src/core/features/columns.js';
import { placeOf } from '../../../src/core/features/excerpts.js';
import { gatherFeatures } from '../../../src/core/features/gather.js';
import { openClassEffects } from '../../../src/core/features/logit-effects.js';
import { featureNeighbours } from '../../../src/core/features/neighbours/neighbours.js';
import { changesOf } from '../../../src/core/features/steering/interventions.js';
import { openSteering } from '../../../src/core/features/steering/steer.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { NO_FILE } from '../dictionary/hand-made.js';
import { ENGINES, modelOf } from '../engine/engines.js';
import { datasetOf, subjectOf } from '../experiment/subject.js';
import { DECODER, twoWide } from './two-wide.js';

const [CHANNELS, INPUTS, HEIGHT, WIDTH] = [2, 5, 3, 4];
const { coder, encode } = twoWide([-0.1, -0.3, 0.05]);
const FEATURES = DECODER.length;
const SCORES = [1, 2, -3, 0.5, 0.25, 4];

type Case = 'channels' | 'channels last' | 'one row' | 'series';
const SHAPES: Readonly<Record<Case, readonly number[]>> = {
  channels: [CHANNELS, HEIGHT, WIDTH],
  'channels last': [HEIGHT, WIDTH, CHANNELS],
  'one row': [CHANNELS],
  series: [4, CHANNELS],
};
const CASES = Object.keys(SHAPES) as Case[];

const size = (shape: readonly number[]): number => shape.reduce((product, each) => product * each, 1);
const numbers = (of: Case): Float32Array => {
  const next = randomStream(7, of, 0);
  return Float32Array.from({ length: INPUTS * size(SHAPES[of]) }, () => 2 * next() - 0.8);
};

/** The rows of each input, place by place, by their definition. */
function rowsOf(of: Case): number[][][] {
  const [all, each] = [numbers(of), size(SHAPES[of])];
  const places = each / CHANNELS;
  return Array.from({ length: INPUTS }, (_, input) =>
    Array.from({ length: places }, (_, place) =>
      Array.from({ length: CHANNELS }, (_, channel) => {
        const at = of === 'channels' ? channel * places + place : place * CHANNELS + channel;
        return all[input * each + at] as number;
      }),
    ),
  );
}

const decode = (f: readonly number[]): number[] =>
  Array.from({ length: CHANNELS }, (_, axis) =>
    f.reduce((sum, each, feature) => sum + each * (DECODER[feature]?.[axis] as number), 0),
  );

/** x → value = x + 0; of pictures the scores are its mean over all places · W. */
function modelFor(of: Case) {
  const dims = ['batch', ...SHAPES[of]];
  const last = of === 'channels' ? 'mean' : 'value';
  return modelOf({
    node: [
      makeNode('Add', ['x', 'zero'], ['value']),
      makeNode('Relu', ['value'], ['rectified']),
      ...(of === 'channels'
        ? [makeNode('GlobalAveragePool', ['value'], ['pooled']), makeNode('Flatten', ['pooled'], ['mean'])]
        : []),
      makeNode('MatMul', [last, 'W'], ['scores']),
    ],
    input: [makeValueInfo('x', DataType.FLOAT, dims)],
    output: [makeValueInfo('scores', DataType.FLOAT, undefined), makeValueInfo('rectified', DataType.FLOAT, dims)],
    initializer: [floatTensor('zero', [], [0]), floatTensor('W', [CHANNELS, 3], SCORES)],
  });
}

describe.each(ENGINES)('features without tokens, $name', ({ load }) => {
  const open = async (of: Case, batchSize = 2) => {
    const [model, all, each] = [modelFor(of), numbers(of), size(SHAPES[of])];
    const rows = Array.from({ length: INPUTS }, (_, input) => [...all.subarray(input * each, (input + 1) * each)]);
    const dataset = datasetOf({ input: 'x', dims: SHAPES[of], rows });
    const subject = await subjectOf(model, dataset, await load(), { batchSize });
    return { subject, attached: { coder, file: NO_FILE, folder: '/', model, reads: 'value', writes: 'value' } };
  };

  it.each(CASES)('%s: counts, means, largest, L0 and FVU are those of a plain computation', async (of) => {
    const { subject, attached } = await open(of);
    const { state, reconstruction, stride, layout } = await gatherFeatures(subject, attached);
    const inputs = rowsOf(of);
    const rows = inputs.flat();
    const active = rows.map(encode);
    expect(stride).toBe(inputs[0]?.length);
    const grid = { kind: 'grid', height: HEIGHT, width: WIDTH };
    expect(layout).toEqual(
      {
        channels: { ...grid, axis: 'channels' },
        'channels last': { ...grid, axis: 'last' },
        'one row': { kind: 'single' },
        series: { kind: 'sequence' },
      }[of],
    );
    const columns = featureColumns(state);
    for (let feature = 0; feature < FEATURES; feature++) {
      const values = active.map((f) => f[feature] as number);
      const above = values.filter((value) => value > 0);
      expect(columns.density[feature]).toBeCloseTo(above.length / rows.length, 9);
      expect(columns.mean[feature]).toBeCloseTo(above.reduce((a, b) => a + b, 0) / above.length, 5);
      const strongest = values.indexOf(Math.max(...values));
      expect(columns.topToken[feature]).toBe(strongest);
      expect(columns.maximum[feature]).toBeCloseTo(values[strongest] as number, 5);
      // Of each input its strongest place, strongest first.
      const best = inputs.map((places) => Math.max(...places.map((row) => encode(row)[feature] as number)));
      const { top, counts, intervals } = featureFacts(state, feature);
      const wanted = best.filter((value) => value > 0).sort((a, b) => b - a);
      expect(top).toHaveLength(wanted.length);
      top.forEach(({ value, token }, rank) => {
        expect(value).toBeCloseTo(wanted[rank] as number, 5);
        const { input, position } = placeOf(token, stride);
        expect(encode(inputs[input]?.[position] as number[])[feature]).toBeCloseTo(value, 5);
      });
      expect(counts.reduce((a, b) => a + b, 0)).toBe(above.length);
      for (const { from, to, examples } of intervals)
        for (const { token } of examples) {
          const value = active[token]?.[feature] as number;
          expect(value).toBeGreaterThanOrEqual(from - 1e-5);
          expect(value).toBeLessThanOrEqual(to + 1e-5);
        }
    }
    expect(featureTotals(state)).toMatchObject({ tokens: rows.length, windows: INPUTS });
    expect(featureTotals(state).l0).toBeCloseTo(active.flat().filter((f) => f > 0).length / rows.length, 9);
    const mean = [0, 1].map((axis) => rows.reduce((sum, row) => sum + (row[axis] as number), 0) / rows.length);
    const off = (from: (at: number) => readonly number[]): number =>
      rows.reduce((sum, row, at) => sum + row.reduce((s, x, axis) => s + (x - (from(at)[axis] as number)) ** 2, 0), 0);
    const fvu = off((at) => decode(active[at] as number[])) / off(() => mean);
    expect(unexplainedVariance(reconstruction.all)).toBeCloseTo(fvu, 5);
    // Only places that follow one another have a first one.
    expect(reconstruction.withoutFirst.tokens).toBe(of === 'series' ? rows.length - INPUTS : 0);
  });

  it('channels: neighbours count places, whatever the batch', async () => {
    for (const batchSize of [1, 5]) {
      const { subject, attached } = await open('channels', batchSize);
      const opened = await openAttached(subject, attached);
      const found = await featureNeighbours(subject, attached, opened, 0, () => undefined);
      await opened.release();
      const rows = rowsOf('channels').flat();
      const own = rows.map((row) => encode(row)[0] as number);
      expect(found).toMatchObject({ tokens: rows.length, fired: own.filter((f) => f > 0).length });
      const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
      for (const { unit, pearson } of found.units) {
        const x = rows.map((row) => row[unit] as number);
        const [a, b] = [mean(own), mean(x)];
        const product = mean(own.map((f, at) => (f - a) * ((x[at] as number) - b)));
        const spread = Math.sqrt(mean(own.map((f) => (f - a) ** 2)) * mean(x.map((value) => (value - b) ** 2)));
        expect(pearson).toBeCloseTo(product / spread, 4);
      }
    }
  });

  it('channels: without a feature at one place, the scores lose its share of the mean', async () => {
    const { subject, attached } = await open('channels');
    const steering = await openSteering(subject, attached, 'scores');
    const [rows = []] = rowsOf('channels');
    const place = rows.findIndex((row) => (encode(row)[1] as number) > 0);
    const f = encode(rows[place] as number[])[1] as number;
    const batch = await subject.dataset.batch(0, 1);
    const [clean, run] = [
      await steering.clean(batch),
      await steering.steered(
        batch,
        changesOf([{ feature: 1, kind: 'ablate', amount: 0, unit: 'absolute' }], Float32Array.of(1, 1, 1)),
        [place],
      ),
    ];
    await steering.release();
    expect([...run.before]).toHaveLength(rows.length);
    const change = [...run.scores.row(0)].map((score, at) => score - (clean.row(0)[at] as number));
    // The row of the decoder is (0, 1): each score loses f times the second row of W, over all twelve places.
    change.forEach((each, at) => expect(each).toBeCloseTo((-f * (SCORES[3 + at] as number)) / (HEIGHT * WIDTH), 5));
  });

  it.each([
    ['channels', { kind: 'grid', height: HEIGHT, width: WIDTH, axis: 'channels' }],
    ['one row', { kind: 'single' }],
  ] as const)('%s: effects on scores through linear steps alone are the direction times W', async (of, layout) => {
    const { subject } = await open(of);
    const effects = await openClassEffects(subject, 'scores', CHANNELS, 'value', layout);
    expect([...(await effects.effects(Float32Array.of(1, 0, 0, 2)))]).toEqual([1, 2, -3, 1, 0.5, 8]);
    await effects.release();
    await expect(openClassEffects(subject, 'scores', CHANNELS, 'rectified', layout)).rejects.toThrow(
      'Steps that are not linear lie between',
    );
  });
});
