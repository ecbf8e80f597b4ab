/** What tests ask of a file of weights. */
import type { ByteSource } from '../../../src/core/bytes/byte-source.js';
import { asProblem, type Problem } from '../../../src/core/errors.js';
import type { TensorFile, WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { storedNumbers } from '../../../src/core/tensor/stored-type.js';
import { elementCount } from '../../../src/core/tensor/tensor.js';

export function weight(file: TensorFile, name: string): WeightTensor {
  const found = file.tensors.find((tensor) => tensor.name === name);
  if (found === undefined) throw new Error(`There is no ${name}, only ${file.tensors.map((each) => each.name).join()}`);
  return found;
}

/** All numbers of a tensor, 64-bit integers exactly; read in pieces of `count` elements. */
export async function numbersOf(tensor: WeightTensor, count = Infinity): Promise<(number | bigint)[]> {
  const { values } = tensor;
  if (values === undefined) throw new Error(`${tensor.name}: ${tensor.unreadable ?? 'no values, and no reason why'}`);
  const elements = elementCount(tensor.dims);
  const numbers: (number | bigint)[] = [];
  for (let first = 0; first < elements; first += count) {
    const data = await values.read(first, Math.min(count, elements - first));
    const isWide = data instanceof BigInt64Array || data instanceof BigUint64Array;
    for (const number of isWide ? data : storedNumbers(values.type, data)) numbers.push(number);
  }
  return numbers;
}

/** What a rejection says; kind `opened` where there is none. */
export function rejection(work: Promise<unknown>): Promise<Omit<Problem, 'kind'> & { readonly kind: string }> {
  return work.then(
    () => ({ kind: 'opened', message: '' }),
    (error: unknown) => asProblem(error),
  );
}

/** Counts what is read of a file. */
export function counting(source: ByteSource): ByteSource & { readonly bytesRead: () => number } {
  let total = 0;
  return {
    name: source.name,
    size: source.size,
    read(offset, length) {
      total += length;
      return source.read(offset, length);
    },
    bytesRead: () => total,
  };
}
