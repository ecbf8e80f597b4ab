import { describe, expect, it } from 'vitest';
import { equalBins } from '../../../src/core/features/equal-bins.js';

describe('bins of equal width', () => {
  it('are those of numpy.histogram([1, 2, 3, 4, 4, 9], 4)', () => {
    expect(equalBins(Float32Array.of(1, 2, 3, 4, 4, 9), 4)).toEqual({ edges: [1, 3, 5, 7, 9], counts: [2, 3, 0, 1] });
  });

  it('hold every finite value once', () => {
    const values = Float32Array.from({ length: 1000 }, (_, at) => Math.sin(at) * at);
    const { edges, counts } = equalBins(values, 50);
    expect(counts.reduce((sum, count) => sum + count)).toBe(1000);
    expect([edges[0], edges.length]).toEqual([Math.min(...values), 51]);
    expect(edges.at(-1)).toBeCloseTo(Math.max(...values), 9);
  });

  it('are one where all values are alike, and none where none is finite', () => {
    expect(equalBins(Float32Array.of(2, NaN, 2), 5)).toEqual({ edges: [2, 2], counts: [2] });
    expect(equalBins(Float32Array.of(NaN, Infinity), 5)).toEqual({ edges: [], counts: [] });
  });
});
