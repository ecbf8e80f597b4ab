import type { WeightTensor } from '../../../src/core/formats/tensor-file.js';
import type { StoredType } from '../../../src/core/tensor/stored-type.js';
import type { NumberArray } from '../../../src/core/tensor/tensor.js';
import { bytesOfValues } from '../../../src/core/tensor/typed-array.js';

/** A tensor whose values are in memory; reads are copies, as those of files are. */
export function inMemory(type: StoredType, dims: readonly number[], data: NumberArray, name = 'w'): WeightTensor {
  return {
    name,
    dims,
    dtype: type,
    bytes: data.byteLength,
    values: {
      type,
      read: (start, count) => Promise.resolve(data.slice(start, start + count)),
      readInto(start, target) {
        bytesOfValues(target).set(bytesOfValues(data.subarray(start, start + target.length)));
        return Promise.resolve();
      },
    },
  };
}
