import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addExtrema, createExtrema, mergeExtrema, peaks } from '../../../src/core/summary/extrema.js';
import { BUCKETS, countValues, countValuesByUnit, drawable } from '../../../src/core/summary/histogram.js';
import { addSums, createMoments, mergeMoments, pooled, variances } from '../../../src/core/summary/moments.js';
import { addToTop, createTopK, mergeTop } from '../../../src/core/summary/top-examples.js';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e4), max: Math.fround(1e4) });

describe('moments', () => {
  it('give the population variance of all values, however they were grouped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(finite, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 9 }),
        fc.nat(8),
        (groups, cut) => {
          const left = createMoments(1);
          const right = createMoments(1);
          groups.forEach((group, index) =>
            addSums(
              index < cut ? left : right,
              0,
              group.length,
              group.reduce((a, b) => a + b, 0),
              group.reduce((a, b) => a + b * b, 0),
            ),
          );
          mergeMoments(left, right);
          const all = groups.flat();
          const mean = all.reduce((a, b) => a + b, 0) / all.length;
          const variance = all.reduce((a, b) => a + (b - mean) ** 2, 0) / all.length;
          const scale = 1 + all.reduce((a, b) => a + b * b, 0);
          expect(Math.abs((left.mean[0] as number) - mean)).toBeLessThan(1e-9 * scale);
          expect(Math.abs((variances(left)[0] as number) - variance)).toBeLessThan(1e-9 * scale);
        },
      ),
    );
  });
  it('give a constant no deviation, although its square is rounded', () => {
    const moments = createMoments(1);
    for (let input = 0; input < 100; input++)
      addSums(moments, 0, 1, Math.fround(100.1), Math.fround(Math.fround(100.1) ** 2));
    expect(variances(moments)[0]).toBe(0);
  });
  it('pool units into the layer', () => {
    const moments = createMoments(2);
    addSums(moments, 0, 2, 4, 10);
    addSums(moments, 1, 1, 5, 25);
    expect(pooled(moments)).toEqual({ count: 3, mean: 3, variance: 8 / 3 });
  });
});

describe('extrema', () => {
  it('leave NaN out', () => {
    const extrema = createExtrema(1);
    addExtrema(extrema, 0, NaN, NaN);
    addExtrema(extrema, 0, -2, 1);
    mergeExtrema(extrema, createExtrema(1));
    expect([extrema.minimum[0], extrema.maximum[0], peaks(extrema)[0]]).toEqual([-2, 1, 2]);
  });
});

describe('histograms', () => {
  const histogram = (values: number[]): ReturnType<typeof drawable> => {
    const counts = new Uint32Array(BUCKETS);
    countValues(counts, 0, Float32Array.from(values), 0, values.length);
    return drawable(counts);
  };

  it('of every unit are the same whether units are counted one by one or together', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.integer({ min: 1, max: 3 }), fc.nat(4), (examples, units, positions) => {
        const values = Float32Array.from({ length: examples * units * positions }, (_, index) => Math.sin(index) * 9);
        const [all, perUnit] = [new Uint32Array(BUCKETS), new Uint32Array(units * BUCKETS)];
        countValuesByUnit(all, perUnit, values, units, positions);
        const [expectedAll, expected] = [new Uint32Array(BUCKETS), new Uint32Array(units * BUCKETS)];
        countValues(expectedAll, 0, values, 0, values.length);
        for (let row = 0; row < examples * units; row++) {
          countValues(expected, (row % units) * BUCKETS, values, row * positions, positions);
        }
        expect([all, perUnit]).toEqual([expectedAll, expected]);
      }),
    );
  });
  it('put every finite value of the range into the bin that holds it', () => {
    fc.assert(
      fc.property(
        fc.array(
          finite.filter((value) => Math.abs(value) < 4096),
          { minLength: 1, maxLength: 200 },
        ),
        (values) => {
          const { edges, counts, zeros } = histogram(values);
          expect(zeros).toBe(values.filter((value) => value === 0).length);
          counts.forEach((count, bin) => {
            const low = edges[bin] as number;
            const high = edges[bin + 1] as number;
            // Negative bins are closed above, positive ones below: a magnitude on an edge belongs to the outer bin.
            const inside = values.filter((value) =>
              high <= 0 ? value < 0 && -value >= -high && -value < -low : value > 0 && value >= low && value < high,
            );
            expect(count).toBe(inside.length);
          });
        },
      ),
    );
  });
  it('use bins of one width, between 8 and 16 for values of one sign', () => {
    const { edges } = histogram(Array.from({ length: 1000 }, (_, index) => (index + 1) / 1000));
    const widths = edges.slice(1).map((edge, index) => edge - (edges[index] as number));
    expect(new Set(widths).size).toBe(1);
    expect(widths.length).toBeGreaterThanOrEqual(8);
    expect(widths.length).toBeLessThanOrEqual(16);
  });
  it('keep zeros, NaN, infinity and huge values apart or at the end', () => {
    const { zeros, nonFinite, counts } = histogram([0, -0, NaN, Infinity, -Infinity, 1e30]);
    expect([zeros, nonFinite, counts.at(-1)]).toEqual([2, 3, 1]);
  });
});

describe('top examples', () => {
  it('do not depend on the order of adding or merging', () => {
    const entry = fc.record({ index: fc.nat(40), value: fc.integer({ min: -3, max: 3 }) });
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { selector: ({ index }) => index, maxLength: 20 }),
        fc.nat(19),
        (entries, cut) => {
          const whole = createTopK(1, 4);
          entries.forEach(({ index, value }) => addToTop(whole, 0, index, value));
          const left = createTopK(1, 4);
          const right = createTopK(1, 4);
          [...entries]
            .reverse()
            .forEach(({ index, value }, order) => addToTop(order < cut ? left : right, 0, index, value));
          mergeTop(left, right);
          expect(left).toEqual(whole);
          const expected = [...entries].sort((a, b) => b.value - a.value || a.index - b.index).slice(0, 4);
          expect(Array.from(whole.indices).filter((index) => index >= 0)).toEqual(expected.map(({ index }) => index));
        },
      ),
    );
  });
});
