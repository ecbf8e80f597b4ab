import { expect, it } from 'vitest';
import { freeTensors } from '../../../src/core/tensor/free-tensors.js';

it('takes the memory of tensors away at once, also where two lie in one piece, and leaves texts alone', () => {
  const shared = new Float32Array(8);
  const words = ['a', 'b'];
  const shares = new Int32Array(new SharedArrayBuffer(8));
  freeTensors({
    left: { type: 'float32', dims: [4], data: shared.subarray(0, 4) },
    right: { type: 'float32', dims: [4], data: shared.subarray(4) },
    words: { type: 'string', dims: [2], data: words },
    shares: { type: 'int32', dims: [2], data: shares },
  });
  expect(shared.buffer.byteLength).toBe(0);
  expect(words).toEqual(['a', 'b']);
  expect(shares).toHaveLength(2);
  const again = new Uint8Array(3);
  freeTensors({ again: { type: 'uint8', dims: [3], data: again } });
  expect(again).toHaveLength(0);
});
