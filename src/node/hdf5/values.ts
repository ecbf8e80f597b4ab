/** Reads elements of a dataset. For the thread only. */
import type { Hdf5Library } from './library.js';
import type { Hdf5Question } from './messages.js';

/** A box of elements, as the library takes it. */
interface Box {
  readonly offset: readonly number[];
  readonly count: readonly number[];
}

/** @throws Error with the library's reason. */
export function readValues(
  { functions, takeComplaint }: Hdf5Library,
  file: bigint,
  { path, dims, elementBytes, start, count }: Extract<Hdf5Question, { about: 'values' }>,
): Uint8Array {
  const bytes = count * elementBytes;
  const pointer = functions._malloc(Math.max(1, bytes));
  if (pointer === 0) throw new Error('it takes more memory than it may');
  try {
    let filled = 0;
    const read = (box: Box | undefined, elements: number): void => {
      const big = (numbers: readonly number[] | undefined): bigint[] | null => numbers?.map(BigInt) ?? null;
      const strides = box === undefined ? null : box.count.map(() => 1n);
      const target = BigInt(pointer + filled * elementBytes);
      const status = functions.get_dataset_data(file, path, big(box?.count), big(box?.offset), strides, target);
      const complaint = takeComplaint();
      if (status < 0 || complaint !== undefined) throw new Error(complaint ?? 'the library gives no reason');
      filled += elements;
    };
    if (dims.length === 0) read(undefined, 1);
    else
      for (const box of boxes(dims, start, start + count))
        read(
          box,
          box.count.reduce((a, b) => a * b, 1),
        );
    return functions.HEAPU8.slice(pointer, pointer + bytes);
  } finally {
    functions._free(pointer);
  }
}

/**
 * Elements `[from, to)` in row-major order as boxes, as few as possible: whole slices in the middle, parts of slices
 * around them. Their elements one behind the other are the range.
 */
export function boxes(dims: readonly number[], from: number, to: number): Box[] {
  const found: Box[] = [];
  const add = (above: readonly number[], axis: number, begin: number, end: number): void => {
    if (begin >= end) return;
    const below = dims.slice(axis + 1);
    const slice = below.reduce((product, dim) => product * dim, 1);
    const firstWhole = Math.ceil(begin / slice);
    const endWhole = Math.floor(end / slice);
    const part = (index: number, start: number, stop: number): void => add([...above, index], axis + 1, start, stop);
    if (firstWhole > endWhole) return part(endWhole, begin - endWhole * slice, end - endWhole * slice);
    if (begin < firstWhole * slice) part(firstWhole - 1, begin - (firstWhole - 1) * slice, slice);
    if (firstWhole < endWhole) {
      found.push({
        offset: [...above, firstWhole, ...below.map(() => 0)],
        count: [...above.map(() => 1), endWhole - firstWhole, ...below],
      });
    }
    if (endWhole * slice < end) part(endWhole, 0, end - endWhole * slice);
  };
  add([], 0, from, to);
  return found;
}
