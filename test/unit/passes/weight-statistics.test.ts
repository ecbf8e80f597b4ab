/** What is odd about weights and what pruning left, against worked examples. */
import { describe, expect, it } from 'vitest';
import type { WeightTensor } from '../../../src/core/formats/tensor-file.js';
import type { FileSubject } from '../../../src/core/passes/pass.js';
import { weightStatistics } from '../../../src/core/passes/weight-statistics/pass.js';
import { tensorStatistics } from '../../../src/core/weights/statistics.js';
import { integers, node, valueInfo, weight } from '../graph-builder.js';
import { inMemory } from '../weights/in-memory.js';
import { fileSubject } from './file-subject.js';

const subjectOf = (tensors: readonly WeightTensor[]): FileSubject => ({
  tensors,
  statistics: async (index) => {
    const tensor = tensors[index];
    return tensor?.values === undefined ? undefined : tensorStatistics(tensor);
  },
  signal: new AbortController().signal,
});
const examine = (...tensors: WeightTensor[]) => weightStatistics.examine(subjectOf(tensors));
const plain = (name: string, values: readonly number[], dims: readonly number[] = [values.length]): WeightTensor =>
  inMemory('float32', dims, Float32Array.from(values), name);
const wave = (count: number): number[] => Array.from({ length: count }, (_, index) => Math.sin(index + 1));

describe('statistics of weights', () => {
  it('say in one sentence what all weights are like', async () => {
    const result = await examine(plain('a', [1, 0, 3, -4], [2, 2]), plain('b', [0, 1, 1, 2]));
    expect(result.answer).toBe(
      'All 8 numbers are finite and 25 % are exactly zero; 0 of 2 tensors look odd, 1 were pruned.',
    );
    expect(result.tensorMetrics?.map(({ id, values }) => [id, Array.from(values)])).toEqual([
      ['weight-zero-share', [0.25, 0.25]],
      ['weight-mean', [0, 1]],
      ['weight-deviation', [Math.sqrt(26 / 4), Math.sqrt(0.5)]],
      ['weight-mean-size', [2, 1]],
      ['weight-largest', [4, 2]],
    ]);
  });

  it('leave out what has no numbers, and what is empty', async () => {
    const { values: _values, ...texts } = plain('texts', [1]);
    const result = await examine(texts, plain('empty', [], [0, 3]), plain('c', [2]));
    expect(result.tensorMetrics?.[1]?.values).toEqual(Float64Array.of(NaN, NaN, 2));
    expect(weightStatistics.applies({ tensors: [texts] }).applies).toBe(false);
  });

  it.each([
    ['NaN', [NaN, ...wave(9)], [5, 2], 'error', 'w: 1 of 10 values is NaN.'],
    ['infinity', [Infinity, -Infinity, ...wave(8)], [5, 2], 'error', 'w: 2 of 10 values are infinite.'],
    ['one value throughout', [2, 2, 2, 2], [2, 2], 'information', 'w: all 4 values are 2.'],
    [
      'an outlier',
      [20_000, ...wave(99).map(Math.sign)],
      [10, 10],
      'warning',
      'w: the largest magnitude is 20,000 times the median of those that are not 0.',
    ],
    [
      'denormals',
      [1e-40, ...wave(49)],
      [10, 5],
      'warning',
      'w: 1 of 50 values is denormal in float32: slow on many processors, and 0 on others.',
    ],
    [
      'what float16 cannot hold',
      [70_000, 65_519, 9000, -8000],
      [2, 2],
      'warning',
      'w: 1 of 4 values is beyond float16, where magnitudes from 65,520 up become infinite.',
    ],
  ] as const)('find %s', async (_what, values, dims, severity, sentence) => {
    const result = await examine(plain('fine', wave(12), [3, 4]), plain('w', values, dims));
    const [first] = result.findings;
    expect([first?.severity, first?.sentence, first?.tensor]).toEqual([severity, sentence, 1]);
    expect(result.tables?.[0]?.rows).toHaveLength(1);
  });

  it('do not take ones of a normalisation, a single number or a list of sizes for something odd', async () => {
    const sizes = { ...inMemory('int64', [2, 2], BigInt64Array.of(7n, 7n, 7n, 7n)), dtype: 'int64' };
    const result = await examine(
      plain('norm.weight', [1, 1, 1]),
      plain(
        'scale',
        [1e-40].map(() => 3),
        [],
      ),
      sizes,
    );
    expect(result.findings).toEqual([]);
  });

  it('name several tensors with the same oddity in one finding, the worst first', async () => {
    const broken = [1, 2, 3, 4, 5].map((nans) =>
      plain(`w${nans}`, [...Array<number>(nans).fill(NaN), ...wave(10 - nans)]),
    );
    const [finding] = (await examine(...broken)).findings;
    expect(finding?.sentence).toBe(
      'w5: 5 of 10 values are NaN; w4: 4 of 10 values are NaN; w3: 3 of 10 values are NaN; and 2 more tensors.',
    );
  });

  it('find tensors that hold the same, but not constants that are alike', async () => {
    const ones = Array<number>(100).fill(1);
    const result = await examine(
      plain('embedding', wave(64), [8, 8]),
      plain('gain.0', ones),
      plain('gain.1', ones),
      plain('head', wave(64), [8, 8]),
      plain('turned', wave(64), [4, 16]),
    );
    expect(result.findings.map(({ sentence, tensor }) => [sentence.replace('\u00a0', ' '), tensor])).toEqual([
      ['1 tensor repeats another, 256 bytes in all: embedding = head.', 0],
    ]);
    expect(result.tables?.[0]?.rows[0]?.cells).toEqual(['embedding', 'head', 64]);
  });

  it('find what pruning left: patterns, and rows and columns of zeros', async () => {
    const pruned = wave(64).map((value, index) => (index % 4 < 2 ? 0 : value));
    const rows = wave(12).map((value, index) => (index < 4 || index % 4 === 3 ? 0 : value));
    const result = await examine(
      plain('dense', wave(12), [3, 4]),
      plain('p', pruned, [4, 16]),
      plain('r', rows, [3, 4]),
    );
    expect(result.tables?.[0]?.rows.map(({ cells }) => cells)).toEqual([
      ['p', 0.5, '2:4 along axis 1', 0, 8],
      ['r', 0.5, 'none', 1, 1],
    ]);
    expect(result.findings[0]?.sentence).toBe(
      '2 of 3 matrices and kernels were pruned: 50 % of their values are zero, in 1 of them in an N:M pattern.',
    );
  });

  it('take no mask for a pruned matrix, nor count it as one', async () => {
    const sparse = wave(16).map((value, index) => (index % 2 === 0 ? 0 : value));
    const mask = sparse.map((value) => (value === 0 ? 0 : -1e9));
    const subject = await fileSubject({
      nodes: [
        node('MatMul', ['x', 'sparse'], ['y']),
        node('Slice', ['mask', 'starts', 'ends'], ['cut']),
        node('Add', ['y', 'cut'], ['z']),
      ],
      inputs: [valueInfo('x', [4, 4])],
      outputs: [valueInfo('z', [4, 4])],
      initializers: [
        weight('sparse', [4, 4], sparse),
        weight('mask', [4, 4], mask),
        integers('starts', [0]),
        integers('ends', [4]),
      ],
    });
    const { findings, tables } = await weightStatistics.examine(subject);
    expect(findings.find(({ sentence }) => sentence.includes('pruned'))?.sentence).toMatch(/^1 of 1 matrices/);
    expect(tables?.find(({ id }) => id === 'pruned-tensors')?.rows.map(({ cells }) => cells[0])).toEqual(['sparse']);
    expect(findings.filter(({ sentence }) => sentence.includes('float16')).map(({ severity }) => severity)).toEqual([
      'information',
    ]);
  });

  it('weigh mean |w| of a layer by all of its parameters, whatever tensors they are in (methods D2)', async () => {
    // Conv: (1 + 2 + 3 + 4 + 10) / 5; the matrix, which two products read, counts at the first of them.
    const subject = await fileSubject({
      nodes: [
        node('Conv', ['x', 'kernel', 'bias'], ['c']),
        node('GlobalAveragePool', ['c'], ['p']),
        node('MatMul', ['p', 'matrix'], ['a']),
        node('MatMul', ['a', 'matrix'], ['b']),
        node('Mul', ['b', 'half'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 1, 4, 4])],
      outputs: ['y'],
      initializers: [
        weight('kernel', [1, 1, 2, 2], [1, -2, 3, -4]),
        weight('bias', [1], [-10]),
        weight('matrix', [1, 1], [-0.5]),
        weight('half', [], [100]),
      ],
    });
    const result = await weightStatistics.examine(subject);
    const found = result.tables?.find(({ id }) => id === 'weight-magnitude')?.rows ?? [];
    expect(found.map(({ cells }) => cells.slice(1))).toEqual([
      [5, 4],
      [1, 0.5],
      [6, 20.5 / 6],
    ]);
    const [metric] = result.nodeMetrics ?? [];
    expect([metric?.id, [...(metric?.values ?? [])]]).toEqual(['node-weight-magnitude', [4, NaN, 0.5, NaN, NaN]]);
  });

  it('take running statistics of batch normalisation for no parameters, in a graph and by name', async () => {
    const subject = await fileSubject({
      nodes: [node('BatchNormalization', ['x', 'scale', 'shift', 'mean', 'spread'], ['y'])],
      inputs: [valueInfo('x', [1, 2, 4, 4])],
      outputs: ['y'],
      initializers: [
        weight('scale', [2], [1, -2]),
        weight('shift', [2], [3, 0]),
        weight('mean', [2], [100, 100]),
        weight('spread', [2], [100, 100]),
      ],
    });
    const magnitudes = ({ tables }: Awaited<ReturnType<typeof examine>>) =>
      tables?.find(({ id }) => id === 'weight-magnitude')?.rows.map(({ cells }) => cells.slice(1));
    expect(magnitudes(await weightStatistics.examine(subject))).toEqual([
      [4, 1.5],
      [4, 1.5],
    ]);
    const named = await examine(plain('bn.weight', [1, -2]), plain('bn.running_var', [100, 100]));
    expect(magnitudes(named)).toEqual([
      [2, 1.5],
      [2, 1.5],
    ]);
  });

  it('take tensors of one name but its end for a layer where there is no graph, and leave out what is not finite', async () => {
    const result = await examine(
      plain('layer1.conv.weight', [1, -3, NaN, 2], [2, 2]),
      plain('layer1.conv.bias', [-6, 0]),
      plain('head', [4]),
    );
    expect(result.nodeMetrics).toEqual([]);
    const found = result.tables?.find(({ id }) => id === 'weight-magnitude')?.rows ?? [];
    expect(found.map(({ cells }) => cells)).toEqual([
      ['layer1.conv', 6, 12 / 5],
      ['head', 1, 4],
      ['all layers', 7, 16 / 6],
    ]);
    expect(found[0]?.tensor).toBe(0);
  });
});
