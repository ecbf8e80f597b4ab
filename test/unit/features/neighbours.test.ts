import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/dataset/random.js';
import {
  addCoOccurrence,
  coOccurrence,
  eitherFires,
  jaccard,
} from '../../../src/core/features/neighbours/co-occurrence.js';
import { addCorrelation, correlations, correlationSums } from '../../../src/core/features/neighbours/correlation.js';
import { alignment, strongest } from '../../../src/core/features/neighbours/strongest.js';

describe('correlation of one feature with columns', () => {
  it('is 1 with a multiple, −1 with the opposite, 0 with what is unrelated, NaN with a constant', () => {
    const own = Float32Array.of(0, 1, 2, 3);
    const columns = 4;
    const rows = [...own].flatMap((f) => [2 * f + 5, -f, (f - 1.5) ** 2, 7]);
    const sums = correlationSums(columns, 'first token');
    addCorrelation(sums, own, Float32Array.from(rows));
    const { pearson, cosine } = correlations(sums);
    expect(pearson[0]).toBeCloseTo(1, 12);
    expect(pearson[1]).toBeCloseTo(-1, 12);
    expect(pearson[2]).toBeCloseTo(0, 12);
    expect(pearson[3]).toBeNaN();
    // By hand: (0·5 + 1·7 + 2·9 + 3·11) / √(14 · (25 + 49 + 81 + 121)).
    expect(cosine[0]).toBeCloseTo(58 / Math.sqrt(14 * 276), 12);
    expect(cosine[3]).toBeCloseTo(42 / Math.sqrt(14 * 196), 12);
  });

  it('does not cancel where a column is far from zero', () => {
    const own = Float32Array.from({ length: 1000 }, (_, t) => t % 7);
    const rows = own.map((f, t) => 3e6 + (f + (t % 3)) / 4);
    const sums = correlationSums(1, 'first token');
    addCorrelation(sums, own, rows);
    const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [a, b] = [mean(own), mean(rows)];
    let [product, left, right] = [0, 0, 0];
    own.forEach((f, t) => {
      const x = (rows[t] as number) - b;
      product += (f - a) * x;
      left += (f - a) ** 2;
      right += x ** 2;
    });
    expect(correlations(sums).pearson[0]).toBeCloseTo(product / Math.sqrt(left * right), 9);
  });

  it.each([1, 5, 64])('is the same to the last bit in tiles of %i tokens', (size) => {
    const next = randomStream(3, 'neighbours', 0);
    const [tokens, columns] = [128, 6];
    const own = Float32Array.from({ length: tokens }, () => Math.max(0, next() - 0.6));
    const rows = Float32Array.from({ length: tokens * columns }, () => Math.max(0, next() - 0.5));
    const inTiles = (most: number) => {
      const [sums, counts] = [correlationSums(columns, 'first token'), coOccurrence(columns)];
      for (let first = 0; first < tokens; first += most) {
        const tile = [
          own.subarray(first, first + most),
          rows.subarray(first * columns, (first + most) * columns),
        ] as const;
        addCorrelation(sums, ...tile);
        addCoOccurrence(counts, ...tile);
      }
      return { ...correlations(sums), overlap: jaccard(counts) };
    };
    expect(inTiles(size)).toEqual(inTiles(tokens));
  });

  it('leaves out a column that is not finite, and only that', () => {
    const sums = correlationSums(2, 'zero');
    addCorrelation(sums, Float32Array.of(1, 2, 0), Float32Array.of(1, NaN, 2, 1, 0, 1));
    const { pearson } = correlations(sums);
    expect(pearson[0]).toBeCloseTo(1, 12);
    expect(pearson[1]).toBeNaN();
    expect(strongest(pearson, 10, 'value')).toEqual([0]);
  });
});

describe('features that fire together', () => {
  it('are counted strictly above zero', () => {
    const counts = coOccurrence(3);
    addCoOccurrence(counts, Float32Array.of(1, 0, 2, -1), Float32Array.of(1, 0, 5, 0, 1, 1, 2, 0, 0, -1, 0, 1));
    expect([counts.own, ...counts.fired, ...counts.both]).toEqual([2, 2, 1, 3, 2, 0, 1]);
    expect([...jaccard(counts)]).toEqual([1, 0, 1 / 4]);
    expect(eitherFires(counts, 2)).toBe(4);
  });
});

describe('what is shown', () => {
  it('is the largest by size with its share of all sizes, ties to the first', () => {
    expect(alignment(Float32Array.of(1, -3, 2, -2), 3)).toEqual([
      { unit: 1, value: -3, share: 3 / 8 },
      { unit: 2, value: 2, share: 2 / 8 },
      { unit: 3, value: -2, share: 2 / 8 },
    ]);
    expect(strongest(Float64Array.of(1, -3, 2, -2), 2, 'value', 2)).toEqual([0, 3]);
  });
});
