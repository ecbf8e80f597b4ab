/** A dictionary that reads a value less its mean, or before the gain of a normalisation: by its definition, in plain numbers. */
import { describe, expect, it } from 'vitest';
import type { Batch, Dataset } from '../../../src/core/dataset/dataset.js';
import { unexplainedVariance } from '../../../src/core/dictionary/unexplained-variance.js';
import type { Variant } from '../../../src/core/dictionary/attach/sites.js';
import type { ExperimentSubject } from '../../../src/core/experiment/subject.js';
import { attachedAt } from '../../../src/core/features/attached.js';
import { featureColumns } from '../../../src/core/features/columns.js';
import { gatherFeatures } from '../../../src/core/features/gather.js';
import { changesOf } from '../../../src/core/features/steering/interventions.js';
import { openSteering } from '../../../src/core/features/steering/steer.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { coderOf, NO_FILE } from '../dictionary/hand-made.js';
import { ENGINES, modelOf, runnable } from '../engine/engines.js';

const ENCODER = [
  [1, 0, -1],
  [0, 1, 0.5],
  [-0.5, -1, 1],
] as const;
const DECODER = [
  [0.9, 0, -0.4],
  [0.2, 1, -1],
  [-1, 0.5, 1],
] as const;
const BIAS = [-0.1, 0.1, -0.2] as const;
const GAIN = [2, 0.5, -1] as const;
const SHIFT = [0.3, -0.1, 0.7] as const;
const EPSILON = 1e-5;
const [INPUTS, POSITIONS, WIDTH] = [3, 4, 3];
const X = Array.from({ length: INPUTS * POSITIONS }, (_, row) =>
  Array.from({ length: WIDTH }, (_, axis) => 5 + Math.sin(1 + 1.7 * row + 2.3 * axis * axis)),
);

const coder = coderOf({
  encoder: ENCODER,
  decoder: DECODER,
  encoderBias: BIAS,
  bias: [0, 0, 0],
  subtracts: false,
  activation: { kind: 'relu' },
});

/** x → y = LayerNorm(x) → scores = y, which are read at each position. */
const MODEL = modelOf({
  node: [
    makeNode('Add', ['x', 'zero'], ['value']),
    makeNode('LayerNormalization', ['value', 'gain', 'shift'], ['y']),
    makeNode('Add', ['y', 'zero'], ['scores']),
  ],
  input: [makeValueInfo('x', DataType.FLOAT, ['batch', 'position', WIDTH])],
  output: [makeValueInfo('scores', DataType.FLOAT, undefined)],
  initializer: [floatTensor('zero', [], [0]), floatTensor('gain', [WIDTH], GAIN), floatTensor('shift', [WIDTH], SHIFT)],
});

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const centred = (x: readonly number[]): number[] => x.map((each) => each - mean(x));
const normalised = (x: readonly number[]): number[] => {
  const deviation = Math.sqrt(mean(centred(x).map((each) => each ** 2)) + EPSILON);
  return centred(x).map((each) => each / deviation);
};
const layerNorm = (x: readonly number[]): number[] => gained(normalised(x));
const gained = (n: readonly number[]): number[] =>
  n.map((each, axis) => each * (GAIN[axis] as number) + (SHIFT[axis] as number));
const encode = (row: readonly number[]): number[] =>
  BIAS.map((bias, feature) =>
    Math.max(
      0,
      row.reduce((sum, x, axis) => sum + x * (ENCODER[axis]?.[feature] as number), bias),
    ),
  );
const decode = (f: readonly number[]): number[] =>
  Array.from({ length: WIDTH }, (_, axis) =>
    f.reduce((sum, each, i) => sum + each * (DECODER[i]?.[axis] as number), 0),
  );
const plus = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((each, axis) => each + (b[axis] as number));

interface Case {
  readonly variant: Variant;
  readonly value: string;
  /** What the dictionary reads of a row. */
  readonly read: (x: readonly number[]) => number[];
  /** Scores where Δ is added to what it writes. */
  readonly scores: (x: readonly number[], change: readonly number[]) => number[];
}
const CASES: readonly Case[] = [
  { variant: 'as it is', value: 'y', read: layerNorm, scores: (x, change) => plus(layerNorm(x), change) },
  {
    variant: 'before the gain',
    value: 'y',
    read: normalised,
    scores: (x, change) => gained(plus(normalised(x), change)),
  },
  { variant: 'centred', value: 'value', read: centred, scores: (x, change) => layerNorm(plus(x, change)) },
];

describe.each(ENGINES)('features of a variant of a value, $name', ({ load }) => {
  const open = async ({ value, variant }: Case) => {
    const dataset = {
      size: INPUTS,
      maximumBatch: Infinity,
      skipped: [],
      batch: async (start: number, end: number): Promise<Batch> => ({
        feeds: {
          x: {
            type: 'float32',
            dims: [end - start, POSITIONS, WIDTH],
            data: Float32Array.from(X.slice(start * POSITIONS, end * POSITIONS).flat()),
          },
        },
        indices: Array.from({ length: end - start }, (_, at) => start + at),
      }),
    } as unknown as Dataset;
    const graph = createGraph(MODEL);
    const subject = {
      graph,
      dataset,
      batchSize: 2,
      engine: await load(),
      threads: 1,
      toRunnable: runnable,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      layers: [],
    } as unknown as ExperimentSubject;
    const places = attachedAt(graph, { reads: value, writes: value, variant });
    return { subject, attached: { coder, file: NO_FILE, folder: '/', ...places } };
  };

  it.each(CASES)('$variant: what fires, and FVU, are those of a plain computation', async (of) => {
    const { subject, attached } = await open(of);
    const { state, reconstruction } = await gatherFeatures(subject, attached);
    const rows = X.map(of.read);
    const active = rows.map(encode);
    const columns = featureColumns(state);
    BIAS.forEach((_, feature) => {
      const values = active.map((f) => f[feature] as number);
      expect(columns.density[feature]).toBeCloseTo(values.filter((value) => value > 0).length / values.length, 9);
      expect(columns.maximum[feature]).toBeCloseTo(Math.max(...values), 4);
    });
    const centre = Array.from({ length: WIDTH }, (_, axis) => mean(rows.map((row) => row[axis] as number)));
    const off = (from: (at: number) => readonly number[]): number =>
      rows.reduce((sum, row, at) => sum + row.reduce((s, x, axis) => s + (x - (from(at)[axis] as number)) ** 2, 0), 0);
    const fvu = off((at) => decode(active[at] as number[])) / off(() => centre);
    expect(unexplainedVariance(reconstruction.all)).toBeCloseTo(fvu, 4);
  });

  it.each(CASES)('$variant: the network without a feature at one position', async (of) => {
    const { subject, attached } = await open(of);
    const steering = await openSteering(subject, attached, 'scores');
    const batch = await subject.dataset.batch(1, 2);
    const own = X.slice(POSITIONS, 2 * POSITIONS);
    const position = own.findIndex((x) => (encode(of.read(x))[1] as number) > 0.05);
    expect(position).toBeGreaterThanOrEqual(0);
    const changes = changesOf([{ feature: 1, kind: 'ablate', amount: 0, unit: 'absolute' }], Float32Array.of(1, 1, 1));
    const { scores } = await steering.steered(batch, changes, [position]);
    await steering.release();
    own.forEach((x, at) => {
      const a = at === position ? (encode(of.read(x))[1] as number) : 0;
      const change = (DECODER[1] as readonly number[]).map((each) => -a * each);
      const want = of.scores(x, change);
      [...scores.row(at)].forEach((score, axis) => expect(score).toBeCloseTo(want[axis] as number, 4));
    });
  });
});

it('a value that no normalisation gives has nothing before a gain', () => {
  const graph = createGraph(MODEL);
  expect(() => attachedAt(graph, { reads: 'scores', writes: 'scores', variant: 'before the gain' })).toThrow(
    '“scores” is not given by a normalisation with a gain.',
  );
});
