import type { TensorFile } from '../core/formats/tensor-file.js';
import { displayText } from '../core/display-text.js';
import { elementCount } from '../core/tensor/tensor.js';
import { TENSOR_ROWS, type TensorRows } from '../protocol/weights.js';

/** A page of the table of all tensors, fit to be shown. */
export function tensorRows({ tensors }: TensorFile, start: number): TensorRows {
  const rows = tensors.slice(start, start + TENSOR_ROWS).map(({ name, dims, dtype, bytes, file, unreadable }) => ({
    name: displayText(name),
    dims,
    dtype: displayText(dtype, 40),
    elements: elementCount(dims),
    bytes,
    ...(file === undefined ? {} : { file: displayText(file) }),
    ...(unreadable === undefined ? {} : { unreadable: displayText(unreadable) }),
  }));
  return { rows, total: tensors.length };
}
