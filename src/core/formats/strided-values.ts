/**
 * Values whose axes lie in the file in any order, as transposed, expanded and overlapping views do. They are gathered
 * block by block into row-major order: what a block needs is read in few pieces, however far apart they lie.
 */
import type { ByteSource } from '../bytes/byte-source.js';
import { breather } from '../breathe.js';
import { bytesPerStored, storedArray, type StoredType } from '../tensor/stored-type.js';
import { elementCount, type NumberArray } from '../tensor/tensor.js';
import { bytesOfValues } from '../tensor/typed-array.js';
import type { BlockCache } from './block-cache.js';
import { checkRange, plainValues, readPlain } from './plain-values.js';
import type { TensorValues } from './tensor-file.js';

export interface StridedLayout {
  readonly type: StoredType;
  /** Offset of the element with all indices zero. */
  readonly start: number;
  readonly dims: readonly number[];
  /** Elements from one index of an axis to the next, not negative. */
  readonly strides: readonly number[];
  readonly bigEndian?: boolean;
}

/** Elements are gathered and kept in blocks of this size. */
const BLOCK_BYTES = 8 * 1024 * 1024;
/** Blocks of {@link BLOCK_BYTES} that a file's cache holds. */
export const KEPT_BLOCKS = 4;
/** One read covers this much at most. */
const LARGEST_READ_BYTES = 4 * 1024 * 1024;
/** What lies between two pieces is read along with them up to here: reading it takes no longer than another read. */
const LARGEST_GAP_BYTES = 8 * 1024;

/** An axis of a box of elements: where its indices lie in the file, and in the block. Both in elements. */
interface Axis {
  readonly size: number;
  readonly stride: number;
  readonly blockStride: number;
}

/**
 * The elements in row-major order.
 * @param layout must lie inside the source: see {@link stridedExtent}.
 */
export function stridedValues(source: ByteSource, layout: StridedLayout, cache: BlockCache): TensorValues {
  const { type, dims, strides, start, bigEndian } = layout;
  const elements = elementCount(dims);
  if (isRowMajor(dims, strides)) return plainValues(source, { type, start, elements, bigEndian });
  const blockElements = BLOCK_BYTES / bytesPerStored(type);
  const owner = {};
  const gatherBlock = async (index: number): Promise<NumberArray> => {
    const first = index * blockElements;
    const block = storedArray(type, Math.min(blockElements, elements - first));
    await gather(source, layout, first, block);
    return block;
  };
  return {
    type,
    async read(first, count) {
      checkRange(first, count, elements);
      const values = storedArray(type, count);
      for (let filled = 0; filled < count;) {
        const index = Math.floor((first + filled) / blockElements);
        const from = first + filled - index * blockElements;
        const block = await cache.block(owner, index, () => gatherBlock(index));
        const part = block.subarray(from, from + count - filled);
        bytesOfValues(values).set(bytesOfValues(part), filled * bytesPerStored(type));
        filled += part.length;
      }
      return values;
    },
  };
}

/** Elements from the first to the one behind the last; 0 where there are none. May exceed the safe integers. */
export function stridedExtent(dims: readonly number[], strides: readonly number[]): number {
  if (dims.includes(0)) return 0;
  return dims.reduce((extent, dim, axis) => extent + (dim - 1) * (strides[axis] ?? 0), 1);
}

/** Strides of elements that lie one after the other, the last axis fastest, or the first (Fortran's order). */
export function denseStrides(dims: readonly number[], fastest: 'last' | 'first'): number[] {
  return dims.map((_, axis) => elementCount(fastest === 'last' ? dims.slice(axis + 1) : dims.slice(0, axis)));
}

function isRowMajor(dims: readonly number[], strides: readonly number[]): boolean {
  const dense = denseStrides(dims, 'last');
  return dims.includes(0) || dims.every((dim, axis) => dim === 1 || strides[axis] === dense[axis]);
}

/** Elements from `first` on, as many as the block has room for. */
async function gather(source: ByteSource, layout: StridedLayout, first: number, block: NumberArray): Promise<void> {
  const { dims, strides } = layout;
  const inner = denseStrides(dims, 'last');
  const pause = breather();
  let filled = 0;
  /** Elements `[from, to)` of what lies below an axis, as few boxes as possible: whole ones in the middle, parts around. */
  const gatherBelow = async (axis: number, base: number, from: number, to: number): Promise<void> => {
    const size = inner[axis] ?? 1;
    const stride = strides[axis] ?? 0;
    const partial = async (index: number, start: number, end: number): Promise<void> => {
      if (start < end) await gatherBelow(axis + 1, base + index * stride, start, end);
    };
    const firstWhole = Math.ceil(from / size);
    const endWhole = Math.floor(to / size);
    if (firstWhole > endWhole) return partial(endWhole, from - endWhole * size, to - endWhole * size);
    await partial(firstWhole - 1, from - (firstWhole - 1) * size, from === firstWhole * size ? 0 : size);
    if (firstWhole < endWhole) {
      const below = dims.slice(axis + 1).map((dim, i) => ({
        size: dim,
        stride: strides[axis + 1 + i] ?? 0,
        blockStride: inner[axis + 1 + i] ?? 1,
      }));
      const axes = [{ size: endWhole - firstWhole, stride, blockStride: size }, ...below];
      await readBox(source, layout, base + firstWhole * stride, axes, block, filled, pause);
      filled += (endWhole - firstWhole) * size;
    }
    await partial(endWhole, 0, to - endWhole * size);
  };
  await gatherBelow(0, 0, first, first + block.length);
}

/** Reads a box of elements into the block: the axes that lie close together at once, the others one by one. */
async function readBox(
  source: ByteSource,
  layout: StridedLayout,
  base: number,
  box: readonly Axis[],
  block: NumberArray,
  blockBase: number,
  pause: () => Promise<void> | undefined,
): Promise<void> {
  const bytes = bytesPerStored(layout.type);
  const axes = box.filter(({ size }) => size > 1).sort((a, b) => a.stride - b.stride);
  const near: Axis[] = [];
  let span = 1;
  for (const axis of axes) {
    const isFar = (axis.stride - span) * bytes > LARGEST_GAP_BYTES;
    const together = Math.floor((LARGEST_READ_BYTES / bytes - span) / axis.stride) + 1;
    if (axis.stride > 0 && (isFar || together < axis.size)) {
      // One read cannot hold this axis and those beyond: it is walked, index by index or a few at a time.
      const step = isFar ? 1 : Math.max(1, together);
      const others = axes.filter((other) => other !== axis);
      for (let index = 0; index < axis.size; index += step) {
        const size = Math.min(step, axis.size - index);
        const part = [...others, { ...axis, size }];
        const partBase = blockBase + index * axis.blockStride;
        await readBox(source, layout, base + index * axis.stride, part, block, partBase, pause);
      }
      return;
    }
    near.unshift(axis);
    span += (axis.size - 1) * axis.stride;
  }
  const values = await readPlain(source, layout.type, layout.start + base * bytes, span, layout.bigEndian);
  copyBox(words(values), words(block), near, blockBase, bytes === 8 ? 2 : 1);
  await pause();
}

type Words = Uint8Array | Uint16Array | Uint32Array;

/** The bits of values: 64-bit ones as pairs, so that no bit pattern is taken for a number on the way. */
function words(values: NumberArray): Words {
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = values;
  if (BYTES_PER_ELEMENT === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  if (BYTES_PER_ELEMENT === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

function copyBox(values: Words, block: Words, axes: readonly Axis[], blockBase: number, wordsEach: number): void {
  const copyAxis = (level: number, from: number, to: number): void => {
    const axis = axes[level];
    if (axis === undefined) {
      for (let word = 0; word < wordsEach; word++) block[to + word] = values[from + word] ?? 0;
      return;
    }
    const step = axis.stride * wordsEach;
    const blockStep = axis.blockStride * wordsEach;
    if (level < axes.length - 1 || wordsEach > 1) {
      for (let i = 0; i < axis.size; i++) copyAxis(level + 1, from + i * step, to + i * blockStep);
      return;
    }
    for (let i = 0; i < axis.size; i++) block[to + i * blockStep] = values[from + i * step] ?? 0;
  };
  copyAxis(0, 0, blockBase * wordsEach);
}
