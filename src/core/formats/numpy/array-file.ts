/** What array files have in common: values of one type, row-major or column-major, that are read by rows. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem } from '../../errors.js';
import { elementCount, type Tensor } from '../../tensor/tensor.js';
import { bytesPerElement, type NumberType } from '../../tensor/typed-array.js';
import { blockCache, type BlockCache } from '../block-cache.js';
import { denseStrides, KEPT_BLOCKS, stridedValues } from '../strided-values.js';
import type { TensorValues } from '../tensor-file.js';

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

/** @throws ProblemError `truncated-file` when the file is shorter than its array. */
export function arrayFile(source: ByteSource, layout: ArrayLayout): ArrayFile {
  const { dims, type } = layout;
  const values = arrayValues(source, layout, blockCache(KEPT_BLOCKS));
  const rows = dims[0] ?? 1;
  const rowElements = elementCount(dims.slice(1));
  return {
    dims,
    type,
    async read(startRow, endRow) {
      const isInside =
        Number.isInteger(startRow) && Number.isInteger(endRow) && 0 <= startRow && startRow <= endRow && endRow <= rows;
      if (!isInside) {
        const message = `“${source.name}” has ${rows} rows; rows ${startRow} to ${endRow} were asked for.`;
        throw problem('invalid-inputs', message, { place: source.name });
      }
      const data = await values.read(startRow * rowElements, (endRow - startRow) * rowElements);
      return { type, dims: dims.length === 0 ? [] : [endRow - startRow, ...dims.slice(1)], data };
    },
  };
}

/** The values in row-major order. @throws ProblemError `truncated-file` when the file is shorter than its array. */
export function arrayValues(source: ByteSource, layout: ArrayLayout, cache: BlockCache): TensorValues {
  const { dims, type, start, bigEndian, columnMajor } = layout;
  const bytes = elementCount(dims) * bytesPerElement(type);
  // An array with an axis of zero may have others whose product is beyond counting.
  const countable = dims.reduce((product, dim) => product * Math.max(1, dim), bytesPerElement(type));
  if (!Number.isSafeInteger(countable) || start + bytes > source.size) {
    throw problem('truncated-file', `“${source.name}” ends before the ${dims.join(' × ')} values of its array.`, {
      place: `byte ${source.size} of ${source.name}`,
      remedy: 'Download or save the file again.',
    });
  }
  const strides = denseStrides(dims, columnMajor ? 'first' : 'last');
  return stridedValues(source, { type, start, dims, strides, bigEndian }, cache);
}
