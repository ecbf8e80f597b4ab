/** What array files have in common: values of one type, row-major or column-major, that are read by rows. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem } from '../../errors.js';
import { elementCount, type Tensor } from '../../tensor/tensor.js';
import { bytesPerElement, valuesFromBytes, type NumberType } from '../../tensor/typed-array.js';

/** An array on disk; a row is one entry of the first axis. */
export interface ArrayFile {
  readonly dims: readonly number[];
  readonly type: NumberType;
  /**
   * Rows `[startRow, endRow)`, [endRow − startRow, ...dims.slice(1)]. An array without axes is one row.
   * @throws ProblemError `invalid-inputs` for rows that the array does not have, and what reading throws.
   */
  read(startRow: number, endRow: number): Promise<Tensor>;
}

export interface ArrayLayout {
  readonly dims: readonly number[];
  readonly type: NumberType;
  /** Offset of the first value. */
  readonly start: number;
  readonly bigEndian: boolean;
  /** The first axis varies fastest (Fortran's order). */
  readonly columnMajor: boolean;
}

/** A column-major array has no contiguous rows, so it is held in memory: this much at most. */
const MAXIMUM_COLUMN_MAJOR_BYTES = 512 * 1024 * 1024;

/** @throws ProblemError `truncated-file` when the file is shorter than its array, `invalid-inputs` when it is too large. */
export function arrayFile(source: ByteSource, layout: ArrayLayout): ArrayFile {
  const { dims, type, start } = layout;
  const size = bytesPerElement(type);
  const rows = dims[0] ?? 1;
  const rowElements = elementCount(dims.slice(1));
  const bytes = rows * rowElements * size;
  if (!Number.isSafeInteger(rowElements * size) || !Number.isSafeInteger(bytes) || start + bytes > source.size) {
    throw problem('truncated-file', `“${source.name}” ends before the ${dims.join(' × ')} values of its array.`, {
      place: `byte ${source.size} of ${source.name}`,
      remedy: 'Download or save the file again.',
    });
  }
  if (layout.columnMajor && bytes > MAXIMUM_COLUMN_MAJOR_BYTES) {
    throw problem('invalid-inputs', `“${source.name}” is a column-major array of ${bytes} bytes.`, {
      place: source.name,
      remedy: 'Save it row by row: np.save(path, np.ascontiguousarray(array)).',
    });
  }
  let whole: Promise<Uint8Array> | undefined;
  const rowBytes = async (from: number, to: number): Promise<Uint8Array> => {
    if (!layout.columnMajor) return source.read(start + from * rowElements * size, (to - from) * rowElements * size);
    whole ??= source.read(start, bytes);
    return gatherRows(await whole, dims, size, from, to);
  };
  return {
    dims,
    type,
    async read(startRow, endRow) {
      if (!(
        Number.isInteger(startRow) &&
        Number.isInteger(endRow) &&
        0 <= startRow &&
        startRow <= endRow &&
        endRow <= rows
      )) {
        throw problem(
          'invalid-inputs',
          `“${source.name}” has ${rows} rows; rows ${startRow} to ${endRow} were asked for.`,
          {
            place: source.name,
          },
        );
      }
      const raw = await rowBytes(startRow, endRow);
      const data = valuesFromBytes(type, layout.bigEndian ? swapped(raw, size) : raw);
      return { type, dims: dims.length === 0 ? [] : [endRow - startRow, ...dims.slice(1)], data };
    },
  };
}

/** Row-major bytes of rows `[from, to)` of a column-major array. */
function gatherRows(whole: Uint8Array, dims: readonly number[], size: number, from: number, to: number): Uint8Array {
  const inner = dims.slice(1);
  const rowElements = elementCount(inner);
  const out = new Uint8Array((to - from) * rowElements * size);
  if (out.length === 0) return out;
  const strides = inner.map((_, axis) => elementCount(dims.slice(0, axis + 1)));
  // Position of element `rest` of a row in the file: its inner indices, read with the first axis fastest.
  for (let rest = 0; rest < rowElements; rest++) {
    let position = 0;
    let left = rest;
    for (let axis = inner.length - 1; axis >= 0; axis--) {
      const dim = inner[axis] ?? 1;
      position += (left % dim) * (strides[axis] ?? 1);
      left = Math.floor(left / dim);
    }
    for (let row = from; row < to; row++) {
      const source = (position + row) * size;
      out.set(whole.subarray(source, source + size), ((row - from) * rowElements + rest) * size);
    }
  }
  return out;
}

/** Bytes of each value in reverse order. */
function swapped(bytes: Uint8Array, size: number): Uint8Array {
  if (size === 1) return bytes;
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = bytes[i - (i % size) + size - 1 - (i % size)] ?? 0;
  return out;
}
