import { displayText } from '../core/display-text.js';
import type { TensorFile, WeightTensor } from '../core/formats/tensor-file.js';
import { elementCount } from '../core/tensor/tensor.js';
import { TENSOR_ROWS, type TensorRow, type TensorRows } from '../protocol/weights.js';

/** A page of the table of all tensors, fit to be shown. */
export function tensorRows({ tensors }: TensorFile, start: number): TensorRows {
  return { rows: tensors.slice(start, start + TENSOR_ROWS).map(tensorRow), total: tensors.length };
}

export function tensorRow({ name, dims, dtype, bytes, file, unreadable }: WeightTensor): TensorRow {
  return {
    name: displayText(name),
    dims,
    dtype: displayText(dtype, 40),
    elements: elementCount(dims),
    bytes,
    ...(file === undefined ? {} : { file: displayText(file) }),
    ...(unreadable === undefined ? {} : { unreadable: displayText(unreadable) }),
  };
}
