import type { TensorStatistics } from '../../weights/statistics.js';
import type { ResultTable, TensorMetric } from '../result.js';
import type { Examined } from './examine.js';

export function suspiciousTable(suspicious: readonly Examined[]): ResultTable {
  return {
    id: 'suspicious-tensors',
    title: 'Tensors that look odd',
    definition: 'Each with everything that is odd about it. A click shows the tensor.',
    columns: [
      { id: 'tensor', label: 'Tensor', format: 'text' },
      { id: 'what', label: 'What', format: 'text' },
    ],
    rows: suspicious.map(({ tensor, name, suspicions }) => ({
      cells: [name, suspicions.map(({ text }) => text).join(' ')],
      tensor,
    })),
  };
}

export function copiesTable(copies: readonly (readonly Examined[])[]): ResultTable {
  return {
    id: 'equal-tensors',
    title: 'Tensors that hold the same',
    definition:
      'Equal in shape, type and every bit of every value; of 64 values or more, not all of them alike. A click shows the first.',
    columns: [
      { id: 'tensor', label: 'Tensor', format: 'text' },
      { id: 'copies', label: 'Is the same as', format: 'text' },
      { id: 'numbers', label: 'Numbers', format: 'count' },
    ],
    rows: copies.map(([first, ...others]) => ({
      cells: [first?.name ?? '', others.map(({ name }) => name).join(', '), first?.statistics.count ?? NaN],
      tensor: first?.tensor,
    })),
  };
}

export function pruningTable(pruned: readonly Examined[]): ResultTable {
  return {
    id: 'pruned-tensors',
    title: 'What pruning left',
    definition:
      'Matrices and kernels with 5 % zeros or more, or with a row or column of zeros. A click shows the tensor.',
    columns: [
      { id: 'tensor', label: 'Tensor', format: 'text' },
      { id: 'zeros', label: 'Zeros', format: 'share' },
      { id: 'pattern', label: 'Pattern', format: 'text' },
      { id: 'rows', label: 'Zero rows', format: 'count' },
      { id: 'columns', label: 'Zero columns', format: 'count' },
    ],
    rows: pruned.map(({ tensor, name, statistics, zeroRows, zeroColumns }) => ({
      cells: [name, statistics.zeros / statistics.count, patternText(statistics), zeroRows, zeroColumns],
      tensor,
    })),
  };
}

function patternText({ pattern }: TensorStatistics): string {
  return pattern === undefined ? 'none' : `${pattern.nonZero}:${pattern.of} along axis ${pattern.axis}`;
}

export function metrics(tensors: number, examined: readonly Examined[]): TensorMetric[] {
  const metric = (facts: Omit<TensorMetric, 'values'>, of: (statistics: TensorStatistics) => number): TensorMetric => {
    const values = new Float64Array(tensors).fill(NaN);
    for (const { tensor, statistics } of examined) values[tensor] = of(statistics);
    return { ...facts, values };
  };
  return [
    metric(
      {
        id: 'weight-zero-share',
        label: 'Zeros',
        definition: 'Share of the values that are exactly 0.',
        format: 'share',
        scale: 'sequential',
      },
      ({ zeros, count: all }) => zeros / all,
    ),
    metric(
      {
        id: 'weight-mean',
        label: 'Mean',
        definition: 'Mean of the finite values.',
        format: 'number',
        scale: 'diverging',
      },
      ({ mean }) => mean,
    ),
    metric(
      {
        id: 'weight-deviation',
        label: 'Deviation',
        definition: 'Standard deviation of the finite values, of all of them and not of a sample (ddof 0).',
        format: 'number',
        scale: 'sequential',
      },
      ({ standardDeviation }) => standardDeviation,
    ),
    metric(
      {
        id: 'weight-mean-size',
        label: 'Mean size',
        definition: 'Mean of the absolute values of the finite values (average weight magnitude).',
        format: 'number',
        scale: 'sequential',
        spread: 'logarithmic',
      },
      ({ meanMagnitude }) => meanMagnitude,
    ),
    metric(
      {
        id: 'weight-largest',
        label: 'Largest size',
        definition: 'Largest absolute value of the finite values.',
        format: 'number',
        scale: 'sequential',
        spread: 'logarithmic',
      },
      ({ minimum, maximum }) => Math.max(Math.abs(minimum), Math.abs(maximum)),
    ),
  ];
}
