/** A tensor as a file of its own, made piece by piece: of any size, never held. */
import { npyHeader } from '../formats/numpy/npy.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { elementCount, type NumberArray } from '../tensor/tensor.js';
import { chunksOf, valuesOf, type Task } from './stream.js';
import { valueText } from './value-text.js';

export type ValuesFormat = 'npy' | 'csv';

/**
 * The file from beginning to end in parts; each holds until the next is asked for.
 * @throws ProblemError `not-applicable` where the tensor has no numbers, and as reading does; CancelledError.
 */
export function exportValues(tensor: WeightTensor, format: ValuesFormat, task: Task = {}): AsyncGenerator<Uint8Array> {
  switch (format) {
    case 'npy':
      return npyFile(tensor, task);
    case 'csv':
      return csvFile(tensor, task);
  }
}

async function* npyFile(tensor: WeightTensor, task: Task): AsyncGenerator<Uint8Array> {
  const values = valuesOf(tensor);
  // NumPy has no bfloat16; float32 holds it exactly.
  yield npyHeader(values.type === 'bfloat16' ? 'float32' : values.type, tensor.dims);
  for await (const { data } of chunksOf(values, elementCount(tensor.dims), task)) {
    const written: NumberArray = values.type === 'bfloat16' ? storedNumbers(values.type, data) : data;
    yield new Uint8Array(written.buffer, written.byteOffset, written.byteLength);
  }
}

/** One line for each row of the last axis, in the order of the others, without a header; a scalar is one line. */
async function* csvFile(tensor: WeightTensor, task: Task): AsyncGenerator<Uint8Array> {
  const values = valuesOf(tensor);
  const width = tensor.dims.at(-1) ?? 1;
  const encoder = new TextEncoder();
  for await (const { start, data } of chunksOf(values, elementCount(tensor.dims), task)) {
    let column = start % width;
    let text = '';
    for (let index = 0; index < data.length; index++) {
      text += valueText(values.type, data, index);
      column = column + 1 === width ? 0 : column + 1;
      text += column === 0 ? '\n' : ',';
    }
    yield encoder.encode(text);
  }
}
