/** Seeds of rows: 1 at one element of the end, 0 elsewhere; several of them in one run. */
import { floatTensor, type FloatType } from '../tensor/floats.js';
import { elementCount, type Tensor } from '../tensor/tensor.js';

/** Elements of all seeds of one run: 64 MB as float32. */
const LARGEST_SEEDS = 2 ** 24;

const MOST_SEEDS = 16;

/** Outputs in groups that fit in one run. @param count elements of the end. */
export function seedChunks(
  outputs: readonly number[],
  count: number,
  mostSeeds = MOST_SEEDS,
): readonly (readonly number[])[] {
  const each = Math.max(1, Math.min(mostSeeds, Math.floor(LARGEST_SEEDS / Math.max(1, count))));
  return Array.from({ length: Math.ceil(outputs.length / each) }, (_, at) => outputs.slice(at * each, (at + 1) * each));
}

/** [seeds, ...dims], one seed per output. */
export function seedsOf(
  { type, dims }: { readonly type: FloatType; readonly dims: readonly number[] },
  outputs: readonly number[],
): Tensor {
  const count = elementCount(dims);
  const values = new Float32Array(outputs.length * count);
  outputs.forEach((output, seed) => (values[seed * count + output] = 1));
  return floatTensor(type, [outputs.length, ...dims], values);
}
