/** What is said of tensors whose values are broken, and that nothing is said of sound ones. */
import { describe, expect, it } from 'vitest';
import { encodeHalf } from '../../../src/core/tensor/half.js';
import type { StoredType } from '../../../src/core/tensor/stored-type.js';
import type { NumberArray } from '../../../src/core/tensor/tensor.js';
import { tensorStatistics } from '../../../src/core/weights/statistics.js';
import { suspicions, type Suspicion } from '../../../src/core/weights/suspicious.js';
import { inMemory } from './in-memory.js';

async function found(type: StoredType, data: NumberArray, bytes = data.byteLength): Promise<Suspicion[]> {
  return suspicions(await tensorStatistics(inMemory(type, [data.length], data)), { type, bytes });
}
const kinds = async (type: StoredType, data: NumberArray): Promise<string[]> =>
  (await found(type, data)).map(({ kind, severity }) => `${severity}: ${kind}`);
const singles = (...values: number[]): Float32Array => Float32Array.from(values);
const halves = (values: readonly number[]): Uint16Array => Uint16Array.from(values, encodeHalf);
/** Sound weights: spread evenly over [−1, 1], without 0. */
const sound = (length: number): number[] => Array.from({ length }, (_, i) => (2 * (i + 0.5)) / length - 1);

describe('nothing is said of', () => {
  it('sound weights, in any float type', async () => {
    const values = sound(2000);
    expect(await found('float32', Float32Array.from(values))).toEqual([]);
    expect(await found('float64', Float64Array.from(values))).toEqual([]);
    expect(await found('float16', halves(values))).toEqual([]);
  });

  it('a tensor without values, a scalar, integers of any size and booleans', async () => {
    expect(await found('float32', singles())).toEqual([]);
    expect(await found('float32', singles(0))).toEqual([]);
    expect(await found('int64', BigInt64Array.of(1n, 2n, 10n ** 12n))).toEqual([]);
    expect(
      await found(
        'bool',
        Uint8Array.from({ length: 5000 }, (_, i) => i & 1),
      ),
    ).toEqual([]);
  });
});

describe('values that are no numbers', () => {
  it('are errors, counted', async () => {
    expect(await found('float32', singles(1, NaN, 2, NaN, -1))).toEqual([
      { kind: 'nan', severity: 'error', text: '2 of 5 values are NaN.', value: 2 },
    ]);
    expect(await found('float32', singles(1, Infinity, 2))).toEqual([
      { kind: 'infinity', severity: 'error', text: '1 of 3 values is infinite.', value: 1 },
    ]);
    expect(await kinds('float32', singles(NaN, NaN))).toEqual(['error: nan']);
    expect(await kinds('float32', singles(0, -Infinity, NaN))).toEqual(['error: nan', 'error: infinity']);
  });

  it('are none where zeros and −∞ make a mask', async () => {
    expect(await found('float32', singles(0, -Infinity, 0, 0))).toEqual([
      {
        kind: 'infinity',
        severity: 'information',
        text: '1 of 4 values is −∞ and all others 0, as in a mask of attention.',
        value: 1,
      },
    ]);
    expect(await kinds('float32', singles(0, Infinity, 0, 0))).toEqual(['error: infinity']);
    expect(await kinds('float32', singles(-Infinity, -Infinity))).toEqual(['error: infinity']);
  });
});

describe('constant tensors', () => {
  it('are told by whether they are zero', async () => {
    expect(await found('float32', singles(0, -0, 0))).toEqual([
      { kind: 'all-zero', severity: 'warning', text: 'All 3 values are 0.', value: 3 },
    ]);
    expect(await found('float32', singles(1, 1))).toEqual([
      { kind: 'all-equal', severity: 'information', text: 'All 2 values are 1.', value: 1 },
    ]);
  });
});

describe('magnitudes', () => {
  const withFew = (values: number[], some: number, value: number): Float32Array =>
    Float32Array.from(values, (each, index) => (index < some ? value : each));

  it('that are denormal count from above 1 % of the values', async () => {
    expect(await found('float16', halves(sound(1000)).fill(1, 0, 10))).toEqual([]);
    const [above] = await found('float16', halves(sound(1000)).fill(1, 0, 11));
    expect(above).toEqual({
      kind: 'denormals',
      severity: 'warning',
      text: '11 of 1,000 values are denormal in float16: slow on many processors, and 0 on others.',
      value: 11,
    });
  });

  it('far above the median are named by their ratio, with zeros left out of the median', async () => {
    // Magnitudes without zeros: 1, 1, 1, 20,000; their median is 1.
    const [range] = await found('float32', singles(0, 0, 0, 0, 1, -1, 1, -20_000));
    expect(range).toMatchObject({ kind: 'huge-range', severity: 'warning', value: 20_000 });
    expect(range?.text).toBe('The largest magnitude is 20,000 times the median of those that are not 0.');
    expect(await found('float32', singles(1, -1, 1, -10_000))).toEqual([]);
    expect(await found('int32', Int32Array.of(1, 1, 1, 20_000))).toEqual([]);
  });

  it('outside float16 are told in wider types only', async () => {
    expect(await kinds('float32', singles(65_519, 40_000))).toEqual([]);
    expect(await kinds('float32', singles(65_520, 40_000))).toEqual(['warning: above-float16']);
    // 2¹⁶ as bfloat16.
    expect(await kinds('bfloat16', Uint16Array.of(0x4780, 0x4700))).toEqual(['warning: above-float16']);
    expect(await kinds('int32', Int32Array.of(70_000, 1))).toEqual([]);
    expect(await kinds('float32', withFew(sound(1000), 10, 2 ** -25))).toEqual([]);
    expect(await kinds('float32', withFew(sound(1000), 11, 2 ** -25))).toEqual(['information: below-float16']);
  });
});

describe('few different values', () => {
  it('are told by the bits that hold them: a quarter of those they are stored in', async () => {
    const of = (different: number, length = 1024): number[] => Array.from({ length }, (_, i) => (i % different) + 1);
    expect((await found('float16', halves(of(16))))[0]).toEqual({
      kind: 'few-values',
      severity: 'information',
      text: 'Its 1,024 values are only 16 different ones: fewer bits would hold them.',
      value: 16,
    });
    expect(await found('float16', halves(of(17)))).toEqual([]);
    expect(await found('float16', halves(of(16, 1023)))).toEqual([]);
    expect(await kinds('int8', Int8Array.from(of(4)))).toEqual(['information: few-values']);
    expect(await found('int8', Int8Array.from(of(5)))).toEqual([]);
    // Four bits each in the file: 16 different values are all that there can be.
    expect(await found('int8', Int8Array.from(of(16)), 512)).toEqual([]);
  });
});

describe('several suspicions', () => {
  it('are told worst first', async () => {
    const values = Float32Array.from(sound(100)).fill(2 ** -30, 0, 5);
    values[99] = NaN;
    values[98] = 1e6;
    expect(await kinds('float32', values)).toEqual([
      'error: nan',
      'warning: huge-range',
      'warning: above-float16',
      'information: below-float16',
    ]);
  });
});
