/** Statistics of a tensor against a slow and obvious computation over all its values, and against numpy's figures. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { encodeHalf } from '../../../src/core/tensor/half.js';
import { storedNumbers, type StoredType } from '../../../src/core/tensor/stored-type.js';
import type { NumberArray } from '../../../src/core/tensor/tensor.js';
import { ARRAYS } from '../../../src/core/tensor/typed-array.js';
import { tensorStatistics } from '../../../src/core/weights/statistics.js';
import type { ValueSummary } from '../../../src/core/weights/statistics/summary.js';
import { summarizeInBuckets, type WideType } from '../../../src/core/weights/statistics/wide.js';
import { inMemory } from './in-memory.js';

const floats = (type: 'float32' | 'float64' | 'float16', values: readonly number[]): NumberArray => {
  if (type === 'float16') return Uint16Array.from(values, encodeHalf);
  return type === 'float32' ? Float32Array.from(values) : Float64Array.from(values);
};

/** numpy's linear quantile, by sorting. */
function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const [lower, upper] = [sorted[Math.floor(position)] as number, sorted[Math.ceil(position)] as number];
  return lower + (upper - lower) * (position - Math.floor(position));
}

function expectDirect(found: ValueSummary, numbers: readonly number[]): void {
  // Zeros of both signs are one value.
  const finite = numbers.filter(Number.isFinite).map((value) => value + 0);
  const sorted = [...finite].sort((a, b) => a - b);
  const sum = finite.reduce((a, b) => a + b, 0);
  const mean = sum / finite.length;
  const scale = finite.reduce((a, b) => a + Math.abs(b), 0) / finite.length;
  expect(found.count).toBe(numbers.length);
  expect(found.finite).toBe(finite.length);
  expect(found.nan).toBe(numbers.filter(Number.isNaN).length);
  expect(found.zeros).toBe(finite.filter((value) => value === 0).length);
  expect(found.negative).toBe(finite.filter((value) => value < 0).length);
  if (finite.length === 0) {
    expect(found.mean).toBeNaN();
    return;
  }
  expect(Math.abs(found.mean - mean)).toBeLessThanOrEqual(1e-12 * scale);
  expect(found.minimum).toBe(sorted[0]);
  expect(found.maximum).toBe(sorted.at(-1));
  const deviation = Math.sqrt(finite.reduce((a, b) => a + (b - mean) ** 2, 0) / finite.length);
  expect(Math.abs(found.standardDeviation - deviation)).toBeLessThanOrEqual(1e-9 * (scale + deviation));
  for (const { share, value } of found.quantiles) {
    const expected = quantile(sorted, share);
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-12 * (Math.abs(expected) + scale));
  }
  expect(found.histogram.counts.reduce((a, b) => a + b, 0)).toBe(finite.length);
  const { edges, counts } = found.histogram;
  counts.forEach((inside, bin) => {
    const [low, high] = [edges[bin] as number, edges[bin + 1] as number];
    const last = bin === counts.length - 1;
    expect(inside).toBe(finite.filter((value) => value >= low && (value < high || (last && value === high))).length);
  });
  const { magnitudes } = found;
  const drawn = [...magnitudes.negative, ...magnitudes.positive].reduce((a, b) => a + b, 0);
  expect(drawn + magnitudes.zeros).toBe(finite.length);
  const nonZero = finite
    .map(Math.abs)
    .filter((value) => value > 0)
    .sort((a, b) => a - b);
  if (nonZero.length > 0) {
    const median = quantile(nonZero, 0.5);
    expect(Math.abs(found.medianNonZeroMagnitude - median)).toBeLessThanOrEqual(1e-12 * median);
  }
}

/** As tensors are read that are too large to be sorted. */
const inBuckets = (type: WideType, data: NumberArray): Promise<ValueSummary> => {
  const { values } = inMemory(type, [data.length], data);
  if (values === undefined) throw new Error('In memory, there are values.');
  return summarizeInBuckets(type, values, data.length, {});
};

describe('statistics', () => {
  it.each(['float16', 'float32', 'float64'] as const)('of a worked example in %s', async (type) => {
    const values = [1, -2, 0, 4, NaN, Infinity, -Infinity, -0];
    const found = await tensorStatistics(inMemory(type, [2, 4], floats(type, values)));
    expect(found).toMatchObject({
      count: 8,
      nan: 1,
      positiveInfinity: 1,
      negativeInfinity: 1,
      finite: 5,
      zeros: 2,
      negative: 1,
      denormals: 0,
      mean: 0.6,
      minimum: -2,
      maximum: 4,
      meanMagnitude: 1.4,
      constant: false,
      medianNonZeroMagnitude: 2,
    });
    // √(((0.4)² + (2.6)² + 2 (0.6)² + (3.4)²) / 5) = √3.84
    expect(found.standardDeviation).toBeCloseTo(Math.sqrt(3.84), 12);
    expect(found.l2Norm).toBeCloseTo(Math.sqrt(21), 12);
    expect(found.quantiles.find(({ share }) => share === 0.5)?.value).toBe(0);
    expect(found.quantiles.find(({ share }) => share === 0.75)?.value).toBe(1);
  });

  it('equal a direct computation over any floats', async () => {
    const types = ['float16', 'float32', 'float64'] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...types),
        fc.array(
          fc.oneof(fc.float({ noDefaultInfinity: false }), fc.constantFrom(0, -0, 1, NaN, 1e-40, 6e-8, 65_504)),
          {
            maxLength: 60,
          },
        ),
        async (type, values) => {
          // Squares of the largest numbers leave float64: those are another test's.
          const data = floats(
            type,
            values.map((value) => (Math.abs(value) > 1e30 ? 1e30 : value)),
          );
          const numbers = Array.from(storedNumbers(type, data));
          expectDirect(await tensorStatistics(inMemory(type, [data.length], data)), numbers);
          if (type !== 'float16') expectDirect(await inBuckets(type, data), numbers);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'bool'] as const)(
    'equal a direct computation over %s',
    async (type: StoredType & keyof typeof ARRAYS) => {
      const wide = type.endsWith('64');
      const raw = Array.from({ length: 500 }, (_, i) => Math.floor(Math.sin(i * 12.9898) * 40_000));
      const numbers = raw.map((value) =>
        type.startsWith('u') ? Math.abs(value) : type === 'bool' ? value & 1 : value,
      );
      const data = wide
        ? (ARRAYS[type as 'int64'].from(numbers.map(BigInt)) as NumberArray)
        : (ARRAYS[type as 'int32'].from(numbers) as NumberArray);
      const found = await tensorStatistics(inMemory(type, [500], data));
      const stored = Array.from(storedNumbers(type, data));
      expectDirect(found, stored);
      if (/32|64/.test(type)) expectDirect(await inBuckets(type as WideType, data), stored);
    },
  );

  it('of many values, read in pieces, are those of numpy', async () => {
    const fixtures = JSON.parse(readFileSync(new URL('./fixtures/statistics.json', import.meta.url), 'utf8')) as Record<
      string,
      {
        count: number;
        mean: number;
        std: number;
        min: number;
        max: number;
        quantiles: number[];
        norm: number;
        histogram: number[];
      }
    >;
    for (const [type, expected] of Object.entries(fixtures)) {
      const bytes = readFileSync(new URL(`./fixtures/${type}.bin`, import.meta.url));
      const { buffer } = new Uint8Array(bytes);
      const data =
        type === 'float16'
          ? new Uint16Array(buffer)
          : type === 'float32'
            ? new Float32Array(buffer)
            : new Float64Array(buffer);
      const found = await tensorStatistics(inMemory(type as StoredType, [expected.count], data));
      expect(found.mean).toBeCloseTo(expected.mean, 12);
      expect(found.standardDeviation).toBeCloseTo(expected.std, 12);
      expect([found.minimum, found.maximum]).toEqual([expected.min, expected.max]);
      found.quantiles.forEach(({ value }, at) => expect(value).toBeCloseTo(expected.quantiles[at] as number, 12));
      expect(found.l2Norm).toBeCloseTo(expected.norm, 9);
      expect(Array.from(found.histogram.counts)).toEqual(expected.histogram);
      if (type === 'float16') continue;
      const buckets = await inBuckets(type as WideType, data);
      for (const key of ['mean', 'standardDeviation', 'minimum', 'maximum', 'l2Norm'] as const) {
        expect(buckets[key]).toBeCloseTo(found[key], 11);
      }
      expect(buckets.quantiles).toEqual(found.quantiles);
      expect(buckets.histogram).toEqual(found.histogram);
      expect(buckets.magnitudes).toEqual(found.magnitudes);
    }
    expect(Object.keys(fixtures)).toEqual(['float16', 'float32', 'float64']);
  });

  it('of nothing, of one value, and of a scalar', async () => {
    expect(await tensorStatistics(inMemory('float32', [0, 3], new Float32Array(0)))).toMatchObject({
      count: 0,
      finite: 0,
      constant: false,
    });
    expect(await tensorStatistics(inMemory('float32', [], Float32Array.of(7)))).toMatchObject({
      mean: 7,
      standardDeviation: 0,
      constant: true,
    });
    expect(await tensorStatistics(inMemory('float16', [3], Uint16Array.of(0, 0, 0x8000)))).toMatchObject({
      zeros: 3,
      constant: true,
    });
  });

  it('count denormals by the type that they are stored in', async () => {
    const half = await tensorStatistics(inMemory('float16', [3], Uint16Array.of(1, 0x0400, 0)));
    expect(half.denormals).toBe(1);
    const single = await tensorStatistics(inMemory('float32', [3], Float32Array.of(1e-40, 1e-38, 2 ** -126)));
    expect(single.denormals).toBe(2);
    const double = await tensorStatistics(inMemory('float64', [2], Float64Array.of(1e-40, 1e-310)));
    expect(double.denormals).toBe(1);
  });

  it('stop when cancelled', async () => {
    const controller = new AbortController();
    controller.abort();
    const tensor = inMemory('float32', [10], new Float32Array(10));
    await expect(tensorStatistics(tensor, { signal: controller.signal })).rejects.toThrow('Cancelled');
  });

  it('of a tensor without numbers say why there are none', async () => {
    const texts: WeightTensor = { name: 'labels', dims: [3], dtype: 'string', bytes: 9, unreadable: 'It holds texts.' };
    await expect(tensorStatistics(texts)).rejects.toThrow('It holds texts.');
  });
});

describe('N:M patterns', () => {
  const pattern = async (dims: number[], at: (index: number) => number) => {
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, index) => at(index));
    return (await tensorStatistics(inMemory('float32', dims, data))).pattern;
  };

  it('of 2:4 and 1:4 along the last axis are found', async () => {
    expect(await pattern([8, 16], (index) => (index % 4 < 2 ? index + 1 : 0))).toEqual({ nonZero: 2, of: 4, axis: 1 });
    expect(await pattern([8, 16], (index) => (index % 4 === 3 ? 1 : 0))).toEqual({ nonZero: 1, of: 4, axis: 1 });
  });

  it('along an outer axis are found, too: input channels of a convolution', async () => {
    // [4, 8, 3, 3]: of every four input channels two are zero, at each place of the kernel.
    const along = await pattern([4, 8, 3, 3], (index) => (Math.floor(index / 9) % 4 < 2 ? 1 : 0));
    expect(along).toEqual({ nonZero: 2, of: 4, axis: 1 });
  });

  it('are none where zeros lie anywhere, or are few', async () => {
    expect(await pattern([8, 16], (index) => (index % 7 === 0 || index % 16 < 5 ? 1 : 0))).toBeUndefined();
    expect(await pattern([8, 16], (index) => (index % 4 === 0 ? 0 : 1))).toBeUndefined();
    expect(await pattern([8, 16], () => 0)).toBeUndefined();
  });
});
