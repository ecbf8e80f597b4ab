/** The loss inside the graph against the same sums written out. */
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.js';
import { CancelledError, ProblemError } from '../../../src/core/errors.js';
import { chooseLoss } from '../../../src/core/experiment/loss-measure.js';
import { lossRuns } from '../../../src/core/experiment/loss-runs.js';
import {
  accuracy,
  increaseInterval,
  lossIncrease,
  meanLoss,
  type LossTotals,
} from '../../../src/core/experiment/loss-totals.js';
import type { ExperimentProgress } from '../../../src/core/experiment/subject.js';
import { createSweeps } from '../../../src/core/experiment/sweeps.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { ENGINES } from '../engine/engines.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { datasetOf, subjectOf, type ByHand, type SubjectOptions } from './subject.js';

/** y = gain · x, over any axes. */
const scaled = (gain: number, output = 'logits', dims: readonly (number | string)[] = ['batch', 3]): ModelProto =>
  modelProto({
    nodes: [node('Mul', ['x', 'gain'], [output])],
    inputs: [valueInfo('x', dims)],
    outputs: [valueInfo(output, dims)],
    initializers: [weight('gain', [1], [gain])],
  });

const logSoftmax = (row: readonly number[]): number[] => {
  const top = Math.max(...row);
  const logSum = top + Math.log(row.reduce((sum, each) => sum + Math.exp(each - top), 0));
  return row.map((each) => each - logSum);
};
const times = (row: readonly number[], gain: number): number[] => row.map((each) => each * gain);

async function losses(
  engine: Engine,
  clean: ModelProto,
  changed: ModelProto,
  data: ByHand,
  options: SubjectOptions = {},
): Promise<{ measure: Awaited<ReturnType<typeof chooseLoss>>; clean: LossTotals; changed: LossTotals }> {
  const subject = await subjectOf(clean, datasetOf(data), engine, options);
  const measure = await chooseLoss(subject);
  const runs = lossRuns(subject, createSweeps(subject, 2), measure);
  const before = await runs.openClean(clean);
  const after = await runs.open(changed);
  try {
    return { measure, clean: await before.loss(), changed: await after.loss() };
  } finally {
    await before.release();
    await after.release();
    await runs.release();
  }
}

const rows = [
  [1, 2, 0.5],
  [0, -1, 3],
  [2, 2, 2],
  [-1, 0.25, 0],
  [4, 1, 1],
];

describe.each(ENGINES)('$name', ({ load }) => {
  it('sums −ln p of the labels, in every batch, and leaves out inputs without one', async () => {
    const labels = [1, 0, undefined, 2, 0];
    const targets = labels.map((classIndex) => (classIndex === undefined ? {} : { classIndex }));
    const found = await losses(await load(), scaled(1), scaled(2), { input: 'x', dims: [3], rows, targets });
    expect(found.measure.kind).toBe('class');
    const expected = (gain: number): number[] =>
      rows.map((row, index) => {
        const label = labels[index];
        return label === undefined ? 0 : -(logSoftmax(times(row, gain))[label] as number);
      });
    expect([...found.clean.counts]).toEqual([1, 1, 0, 1, 1]);
    expected(1).forEach((each, index) => expect(found.clean.sums[index]).toBeCloseTo(each, 5));
    expected(2).forEach((each, index) => expect(found.changed.sums[index]).toBeCloseTo(each, 5));
    expect(accuracy(found.clean)).toBe(0.5);
    const mean = (gain: number): number => expected(gain).reduce((sum, each) => sum + each, 0) / 4;
    expect(meanLoss(found.changed)).toBeCloseTo(mean(2), 5);
    expect(lossIncrease('class', found.changed, found.clean)).toBeCloseTo(Math.exp(mean(2) - mean(1)) - 1, 5);
    expect(lossIncrease('class', found.clean, found.clean)).toBe(0);
  });

  it('sums −ln p of the next tokens that are known', async () => {
    const texts = [
      [1, 0, 2, 0, 0, 3],
      [0, 1, 1, 1, 2, 0],
    ];
    const targets = [
      { nextTokens: Int32Array.of(2, -1), filled: 2 },
      { nextTokens: Int32Array.of(0, 1), filled: 2 },
    ];
    const dims = ['batch', 2, 3];
    const found = await losses(await load(), scaled(1, 'y', dims), scaled(0, 'y', dims), {
      input: 'x',
      dims: [2, 3],
      rows: texts,
      targets,
    });
    expect(found.measure.kind).toBe('next-token');
    const sums = [
      -(logSoftmax([1, 0, 2])[2] as number),
      -(logSoftmax([0, 1, 1])[0] as number) - (logSoftmax([1, 2, 0])[1] as number),
    ];
    sums.forEach((each, index) => expect(found.clean.sums[index]).toBeCloseTo(each, 5));
    expect([...found.clean.counts]).toEqual([1, 2]);
    expect(accuracy(found.clean)).toBeCloseTo(2 / 3, 10);
    // All scores alike: ln 3 for each.
    expect(meanLoss(found.changed)).toBeCloseTo(Math.log(3), 5);
  });

  it('sums −ln p of the token behind the last, where there are scores after the last token only', async () => {
    const ends = [1, 2, -1, 0, 0];
    const targets = ends.map((end) => ({ nextTokens: Int32Array.of(2, 1, 0, end), filled: 4 }));
    const data = { input: 'x', dims: [3], rows, targets };
    const found = await losses(await load(), scaled(1), scaled(2), { ...data, classes: ['“a”', '“b”', '“c”'] });
    expect([found.measure.kind, found.measure.positions]).toEqual(['next-token', 1]);
    expect([...found.clean.counts]).toEqual([1, 1, 0, 1, 1]);
    rows.forEach((row, index) => {
      const end = ends[index] as number;
      expect(found.clean.sums[index]).toBeCloseTo(end < 0 ? 0 : -(logSoftmax(row)[end] as number), 5);
    });
    // Scores of something else than tokens say nothing of the next one.
    const other = await losses(await load(), scaled(1), scaled(2), { ...data, classes: ['“a”', '“b”'] });
    expect(other.measure.kind).toBe('divergence');
  });

  it('compares distributions where there are no labels', async () => {
    const found = await losses(await load(), scaled(1), scaled(2), { input: 'x', dims: [3], rows });
    expect(found.measure.kind).toBe('divergence');
    expect(found.measure.why).toContain('no labels');
    expect(meanLoss(found.clean)).toBe(0);
    rows.forEach((row, index) => {
      const [p, q] = [logSoftmax(row), logSoftmax(times(row, 2))];
      const divergence = p.reduce((sum, each, at) => sum + Math.exp(each) * (each - (q[at] as number)), 0);
      expect(found.changed.sums[index]).toBeCloseTo(divergence, 5);
    });
    expect(lossIncrease('divergence', found.changed, found.clean)).toBeCloseTo(Math.expm1(meanLoss(found.changed)), 10);
  });

  it('measures how far an output moves that holds no scores', async () => {
    const found = await losses(await load(), scaled(1, 'y'), scaled(1.25, 'y'), {
      input: 'x',
      dims: [3],
      rows: [...rows, [0, 0, 0]],
    });
    expect(found.measure.kind).toBe('relative-change');
    [0.25, 0.25, 0.25, 0.25, 0.25, 0].forEach((each, index) => expect(found.changed.sums[index]).toBeCloseTo(each, 5));
  });
});

describe('which loss', () => {
  const engine = ENGINES[0]?.load as () => Promise<Engine>;

  it('reads the scores before a softmax', async () => {
    const model = modelProto({
      nodes: [node('Neg', ['x'], ['scores']), node('Softmax', ['scores'], ['y'], { attributes: { axis: -1n } })],
      inputs: [valueInfo('x', ['batch', 3])],
      outputs: [valueInfo('y', ['batch', 3])],
    });
    const subject = await subjectOf(model, datasetOf({ input: 'x', dims: [3], rows }), await engine());
    expect(await chooseLoss(subject)).toMatchObject({ kind: 'divergence', value: 'scores' });
  });

  it('says when labels name no class', async () => {
    const targets = rows.map(() => ({ classIndex: 7 }));
    const subject = await subjectOf(scaled(1), datasetOf({ input: 'x', dims: [3], rows, targets }), await engine());
    expect(await chooseLoss(subject)).toMatchObject({
      kind: 'divergence',
      why: expect.stringContaining('name no class'),
    });
  });

  it('refuses a model without an output of floating-point numbers', async () => {
    const model = modelProto({
      nodes: [node('ArgMax', ['x'], ['y'])],
      inputs: [valueInfo('x', ['batch', 3])],
      outputs: [makeValueInfo('y', DataType.INT64)],
    });
    const subject = await subjectOf(model, datasetOf({ input: 'x', dims: [3], rows }), await engine());
    await expect(chooseLoss(subject)).rejects.toThrow(ProblemError);
  });
});

it('resamples inputs, not positions, and says nothing of one', () => {
  const clean = { sums: Float64Array.of(1, 1, 1, 1), counts: Float64Array.of(1, 1, 1, 1) };
  const changed = { sums: Float64Array.of(1, 1, 2, 2), counts: Float64Array.of(1, 1, 1, 1) };
  const interval = increaseInterval('class', changed, clean);
  expect(interval?.low).toBeGreaterThanOrEqual(0);
  expect(interval?.low).toBeLessThan(Math.expm1(0.5));
  expect(interval?.high).toBeGreaterThan(Math.expm1(0.5));
  expect(interval?.high).toBeLessThanOrEqual(Math.expm1(1));
  expect(increaseInterval('class', clean, clean)).toEqual({ low: 0, high: 0, inputs: 4 });
  const one = { sums: Float64Array.of(1), counts: Float64Array.of(1) };
  expect(increaseInterval('class', one, one)).toBeUndefined();
});

it('stops within a sweep when cancelled, and counts its runs', async () => {
  const engine = await (ENGINES[0]?.load as () => Promise<Engine>)();
  const controller = new AbortController();
  const told: ExperimentProgress[] = [];
  const work = losses(
    engine,
    scaled(1),
    scaled(2),
    { input: 'x', dims: [3], rows },
    {
      signal: controller.signal,
      onProgress(progress) {
        told.push(progress);
        if (progress.runsDone === 7) controller.abort();
      },
    },
  );
  await expect(work).rejects.toThrow(CancelledError);
  expect(told.map(({ runsDone }) => runsDone)).toEqual([2, 4, 5, 7]);
  expect(told.every(({ runsPlanned }) => runsPlanned === 10)).toBe(true);
});
