/** Tensors of floating-point numbers as the numbers that people and vectors are made of, and back. */
import { encodeHalf } from './half.js';
import { storedNumbers } from './stored-type.js';
import type { NumberArray, Tensor } from './tensor.js';

export type FloatType = 'float32' | 'float64' | 'float16';

export function isFloatType(type: string | undefined): type is FloatType {
  return type === 'float32' || type === 'float64' || type === 'float16';
}

/** The numbers of a tensor; shared with it where it holds float32. */
export function floatsOf({ type, data }: Tensor): Float32Array {
  const numbers = type === 'string' ? new Float32Array() : storedNumbers(type, data as NumberArray);
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
}

/** Shares the numbers where they are of the tensor's type already. */
export function floatTensor(type: FloatType, dims: readonly number[], values: Float32Array | Float64Array): Tensor {
  switch (type) {
    case 'float32':
      return { type, dims, data: values instanceof Float32Array ? values : Float32Array.from(values) };
    case 'float64':
      return { type, dims, data: Float64Array.from(values) };
    case 'float16':
      return { type, dims, data: Uint16Array.from(values, encodeHalf) };
  }
}
