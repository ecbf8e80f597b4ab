import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { openNumpy } from '../../../src/core/formats/numpy/open.js';
import { encodeHalf } from '../../../src/core/tensor/half.js';
import { decodeBfloat16, sixteenBitTable, type StoredType } from '../../../src/core/tensor/stored-type.js';
import type { NumberArray } from '../../../src/core/tensor/tensor.js';
import { exportValues, type ValuesFormat } from '../../../src/core/weights/export-values.js';
import { valueText } from '../../../src/core/weights/value-text.js';
import { valueTexts } from '../../../src/core/weights/values.js';
import { numbersOf } from '../formats/weight-values.js';
import { inMemory } from './in-memory.js';

const text = (type: StoredType, data: NumberArray): string => valueText(type, data, 0);

describe('a value as text', () => {
  it('is as short as its own type allows', () => {
    expect(text('float16', Uint16Array.of(encodeHalf(0.1)))).toBe('0.1');
    expect(text('float32', Float32Array.of(0.1))).toBe('0.1');
    expect(text('float64', Float64Array.of(0.1 + 0.2))).toBe('0.30000000000000004');
    expect(text('bfloat16', Uint16Array.of(0x3dcd))).toBe('0.1');
    expect(text('float16', Uint16Array.of(0x0001))).toBe('6e-8');
  });

  it('of integers is exact, of 64 bits too', () => {
    expect(text('int64', BigInt64Array.of(-(2n ** 63n)))).toBe('-9223372036854775808');
    expect(text('uint64', BigUint64Array.of(2n ** 64n - 1n))).toBe('18446744073709551615');
    expect(text('bool', Uint8Array.of(1))).toBe('true');
  });

  it('says what is no number, and which zero it is', () => {
    expect(text('float16', Uint16Array.of(0x7e00))).toBe('NaN');
    expect(text('bfloat16', Uint16Array.of(0xff80))).toBe('-Infinity');
    expect(text('float32', Float32Array.of(-0))).toBe('-0');
    expect(text('float64', Float64Array.of(-0))).toBe('-0');
  });

  it('reads back as every finite pattern of 16 bits that there is', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const half = sixteenBitTable('float16')[bits] as number;
      if (Number.isFinite(half)) expect(encodeHalf(Number(text('float16', Uint16Array.of(bits))))).toBe(bits);
      const brain = decodeBfloat16(bits);
      if (!Number.isFinite(brain)) continue;
      const read = Number(text('bfloat16', Uint16Array.of(bits)));
      for (const neighbour of [bits - 1, bits + 1]) {
        const other = decodeBfloat16(neighbour & 0xffff);
        if (Number.isFinite(other)) expect(Math.abs(read - brain) <= Math.abs(read - other)).toBe(true);
      }
    }
  });

  it('reads back as any float32', () => {
    fc.assert(
      fc.property(fc.float(), (value) =>
        Object.is(Math.fround(Number(text('float32', Float32Array.of(value)))), value),
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a rectangle of values', () => {
  it('is that of the axes asked for, clipped to what there is', async () => {
    const tensor = inMemory(
      'int32',
      [2, 3, 4],
      Int32Array.from({ length: 24 }, (_, index) => index),
    );
    const view = { rowAxis: 2, columnAxis: 1, indices: [1, 0, 0] };
    expect(await valueTexts(tensor, view, [1, 9], [0, 2])).toEqual([
      ['13', '17'],
      ['14', '18'],
      ['15', '19'],
    ]);
  });

  it('is refused where it is too large for a message, and where there are no numbers', async () => {
    const tensor = inMemory('float32', [1000, 1000], new Float32Array(1_000_000));
    const view = { rowAxis: 0, columnAxis: 1, indices: [0, 0] };
    await expect(valueTexts(tensor, view, [0, 1000], [0, 1000])).rejects.toMatchObject({
      problem: { kind: 'not-applicable' },
    });
    const { values: _values, ...texts } = { ...tensor, unreadable: 'It holds texts.' };
    await expect(valueTexts(texts, view, [0, 1], [0, 1])).rejects.toThrow(/It holds texts/);
  });
});

describe('a tensor as a file', () => {
  it('is the .npy that NumPy would write: every type reads back, bfloat16 as float32', async () => {
    const given: readonly (readonly [StoredType, NumberArray, readonly (number | bigint)[]])[] = [
      ['float32', Float32Array.of(1.5, -2, 0, 3, 4, 5), [1.5, -2, 0, 3, 4, 5]],
      ['bfloat16', Uint16Array.of(0x3f80, 0xc000, 0, 0x3f80, 0x3f80, 0x3f80), [1, -2, 0, 1, 1, 1]],
      ['float16', Uint16Array.of(0x3c00, 0xc000, 0, 0x3c00, 0x3c00, 0x3c00), [1, -2, 0, 1, 1, 1]],
      ['int64', BigInt64Array.of(1n, -2n, 2n ** 62n, 3n, 4n, 5n), [1n, -2n, 2n ** 62n, 3n, 4n, 5n]],
      ['bool', Uint8Array.of(1, 0, 1, 1, 0, 0), [1, 0, 1, 1, 0, 0]],
    ];
    for (const [type, data, expected] of given) {
      const bytes = await collect(inMemory(type, [2, 3], data), 'npy');
      const file = await openNumpy(memorySource('w.npy', bytes));
      expect(file.tensors[0]?.dims).toEqual([2, 3]);
      expect(await numbersOf(file.tensors[0] as never)).toEqual(expected);
    }
  });

  it('of any size is made piece by piece, without a seam', async () => {
    const count = 280_007;
    const data = Float32Array.from({ length: count }, (_, index) => Math.sin(index));
    const bytes = await collect(inMemory('float32', [count], data), 'npy');
    const file = await openNumpy(memorySource('w.npy', bytes));
    expect(await file.tensors[0]?.values?.read(0, count)).toEqual(data);
    const lines = new TextDecoder().decode(await collect(inMemory('float32', [count / 7, 7], data), 'csv')).split('\n');
    expect(lines).toHaveLength(count / 7 + 1);
    expect(lines[38_000]?.split(',').map(Number).map(Math.fround)).toEqual(Array.from(data.subarray(266_000, 266_007)));
  });

  it('is a line of CSV for each row of the last axis', async () => {
    const tensor = inMemory('float16', [2, 1, 2], Uint16Array.of(0x3c00, 0x7e00, 0x8000, 0x2e66));
    expect(new TextDecoder().decode(await collect(tensor, 'csv'))).toBe('1,NaN\n-0,0.1\n');
    expect(new TextDecoder().decode(await collect(inMemory('float64', [], Float64Array.of(2)), 'csv'))).toBe('2\n');
    expect(await collect(inMemory('float64', [0, 3], new Float64Array(0)), 'csv')).toHaveLength(0);
  });
});

async function collect(tensor: ReturnType<typeof inMemory>, format: ValuesFormat): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of exportValues(tensor, format)) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}
