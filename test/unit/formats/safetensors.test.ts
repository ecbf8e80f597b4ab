import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { asProblem } from '../../../src/core/errors.js';
import { encodeSafetensors, readSafetensors } from '../../../src/core/formats/safetensors/safetensors.js';
import { storedNumbers } from '../../../src/core/tensor/stored-type.js';
import { neededData } from '../shared-data.js';

const kindOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => asProblem(error).kind,
  );

/** A file from a header as text and bytes of values. */
function raw(header: string, values: readonly number[] = [], stated = Buffer.byteLength(header)): Uint8Array {
  const bytes = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(stated));
  return Uint8Array.from(Buffer.concat([length, bytes, Uint8Array.from(values)]));
}

describe('safetensors files', () => {
  it('come back as they were written, aligned', async () => {
    const bytes = encodeSafetensors(
      {
        odd: { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
        'a/b': { dtype: 'F32', shape: [2, 1], data: Float32Array.of(0.5, -1) },
        wide: { dtype: 'I64', shape: [1], data: BigInt64Array.of(-5n) },
        none: { dtype: 'I32', shape: [0, 4], data: new Int32Array(0) },
        ['__proto__']: { dtype: 'U8', shape: [1], data: Uint8Array.of(9) },
      },
      { format: 'pt', note: 'é “x”' },
    );
    const headerBytes = Number(Buffer.from(bytes).readBigUInt64LE());
    expect((8 + headerBytes) % 8).toBe(0);
    const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerBytes)).toString()) as Record<
      string,
      { data_offsets: number[] }
    >;
    expect(header['wide']?.data_offsets).toEqual([0, 8]);
    expect(header['a/b']?.data_offsets).toEqual([8, 16]);
    const file = await readSafetensors(memorySource('r.safetensors', bytes));
    expect(file.metadata).toEqual({ format: 'pt', note: 'é “x”' });
    expect(file.tensors.map((tensor) => tensor.name).sort()).toEqual(['__proto__', 'a/b', 'none', 'odd', 'wide']);
    expect(await file.read('a/b')).toEqual({ type: 'float32', dims: [2, 1], data: Float32Array.of(0.5, -1) });
    expect((await file.read('wide')).data).toEqual(BigInt64Array.of(-5n));
    expect((await file.read('odd')).data).toEqual(Uint8Array.of(1, 2, 3));
    expect((await file.read('none')).dims).toEqual([0, 4]);
    expect((await file.read('__proto__')).data).toEqual(Uint8Array.of(9));
    expect(await kindOf(file.read('absent'))).toBe('malformed-model');
  });

  it('give bfloat16 as its bits and 8-bit floats as float32', async () => {
    const header = JSON.stringify({
      b: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] },
      e: { dtype: 'F8_E5M2', shape: [2], data_offsets: [4, 6] },
    });
    const file = await readSafetensors(memorySource('x', raw(header, [0x80, 0x3f, 0x20, 0xc1, 0x3c, 0x7c])));
    const { type, data } = await file.read('b');
    expect(type).toBe('bfloat16');
    expect(storedNumbers(type, data)).toEqual(Float32Array.of(1, -10));
    expect((await file.read('e')).data).toEqual(Float32Array.of(1, Infinity));
  });

  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'empty-file'],
    ['shorter than its length field', Uint8Array.of(1, 2), 'truncated-file'],
    ['with a header longer than the file', raw('{}', [], 1000), 'truncated-file'],
    ['with a header of 2^63 bytes', raw('{}', [], Number(2n ** 63n)), 'malformed-model'],
    ['that say their header is 100 MB', raw('{}', [], 1e8), 'truncated-file'],
    ['that say their header is longer than any', raw('{}', [], 1e8 + 1), 'malformed-model'],
    ['with a header that is no JSON', raw('{"a":'), 'malformed-model'],
    ['with a header that is a list', raw('[]'), 'malformed-model'],
    ['with metadata that is no text', raw('{"__metadata__":{"a":1}}'), 'malformed-model'],
    ['with a tensor that is nothing', raw('{"a":null}'), 'malformed-model'],
    ['with negative sizes', raw('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', [0]), 'malformed-model'],
    ['with fractional offsets', raw('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,0.5]}}', [0]), 'malformed-model'],
    ['with values beyond its end', raw('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', [0]), 'truncated-file'],
    [
      'with a range that runs backwards',
      raw('{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}', [0]),
      'truncated-file',
    ],
    [
      'with more values than bytes',
      raw('{"a":{"dtype":"F32","shape":[1e9,1e9],"data_offsets":[0,4]}}', [0, 0, 0, 0]),
      'malformed-model',
    ],
  ])('%s are refused', async (_, bytes, kind) => {
    expect(await kindOf(readSafetensors(memorySource('x', bytes)))).toBe(kind);
  });

  it('of an unknown type are listed, and only reading them fails', async () => {
    const file = await readSafetensors(
      memorySource('x', raw('{"a":{"dtype":"Q9","shape":[7],"data_offsets":[0,1]}}', [0])),
    );
    expect(file.tensors).toEqual([{ name: 'a', dtype: 'Q9', dims: [7] }]);
    expect(await kindOf(file.read('a'))).toBe('malformed-model');
  });

  it('saved by others are read whole', async ({ skip }) => {
    const bytes = readFileSync(neededData('audio/silero_vad_16k.safetensors', skip));
    const file = await readSafetensors(memorySource('silero', bytes));
    let total = 8 + Number(bytes.readBigUInt64LE());
    for (const { name } of file.tensors) total += ((await file.read(name)).data as Float32Array).byteLength;
    expect(file.tensors.length).toBeGreaterThan(5);
    expect(total).toBe(bytes.length);
  });
});
