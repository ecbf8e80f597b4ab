/** Which tensors of the table are shown, and what they come to. */
import type { TensorRow } from '../../src/protocol/weights.js';

/** A row with its place in the file, which is its identity. */
export interface ListedTensor {
  readonly index: number;
  readonly row: TensorRow;
}

/** Every word must occur in the name, the type or the shape; case does not matter. */
export function filterTensors(rows: readonly TensorRow[], text: string): readonly ListedTensor[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const listed: ListedTensor[] = [];
  rows.forEach((row, index) => {
    if (words.length > 0) {
      const searched = `${row.name} ${row.dtype} ${row.dims.join('×')} ${row.dims.join('x')}`.toLowerCase();
      if (!words.every((word) => searched.includes(word))) return;
    }
    listed.push({ index, row });
  });
  return listed;
}

export interface Total {
  readonly key: string;
  readonly tensors: number;
  readonly elements: number;
  readonly bytes: number;
}

/** Sums by a key, the largest first. */
export function totals(listed: readonly ListedTensor[], keyOf: (tensor: ListedTensor) => string): readonly Total[] {
  const sums = new Map<string, Total>();
  for (const tensor of listed) {
    const key = keyOf(tensor);
    const { tensors, elements, bytes } = sums.get(key) ?? { tensors: 0, elements: 0, bytes: 0 };
    sums.set(key, {
      key,
      tensors: tensors + 1,
      elements: elements + tensor.row.elements,
      bytes: bytes + tensor.row.bytes,
    });
  }
  return [...sums.values()].sort((a, b) => b.bytes - a.bytes);
}
