/** Views of storages as weights: where their elements lie, which bytes are whose, and why some cannot be read. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { memorySource } from '../../bytes/memory-source.js';
import { elementCount } from '../../tensor/tensor.js';
import { bytesOfValues } from '../../tensor/typed-array.js';
import type { BlockCache } from '../block-cache.js';
import { decodeNarrow } from '../onnx/narrow-types.js';
import { stridedExtent, stridedValues } from '../strided-values.js';
import type { TensorValues, WeightTensor } from '../tensor-file.js';
import { dtypeOfGlobal } from './dtypes.js';
import type { PickleBytes, Storage, TensorView } from './pickle-values.js';

/** Where a storage's elements lie. */
export interface StoredBytes {
  readonly source: ByteSource;
  readonly start: number;
  readonly bytes: number;
}

export interface ViewContext {
  /** Undefined where the file does not have the storage. */
  locate(storage: Storage): StoredBytes | undefined;
  /** The file that the pickle itself lies in. */
  readonly pickle: ByteSource;
  readonly bigEndian: boolean;
  readonly cache: BlockCache;
}

const UNCOUNTABLE = 'Its shape has more elements than can be counted.';
const MISSING = 'The file does not hold its values.';
const BEYOND = 'Its values lie beyond the end of what the file holds for them.';

/** Whether a tensor is unreadable because of what is wrong with the file, not because of its type. */
export function isDamaged({ unreadable }: WeightTensor): boolean {
  return unreadable === UNCOUNTABLE || unreadable === MISSING || unreadable === BEYOND;
}

/** A named view as a weight; its bytes are those that no earlier one has counted, see {@link ownBytes}. */
export function weightOf(name: string, view: TensorView, ownBytes: number, context: ViewContext): WeightTensor {
  const { dims, dtype } = view;
  const described = { name, dims: isCountable(dims) ? dims : [], dtype, bytes: ownBytes };
  const found = valuesOf(view, context);
  return typeof found === 'string' ? { ...described, unreadable: found } : { ...described, values: found };
}

/** The values, or why there are none. */
function valuesOf(view: TensorView, context: ViewContext): TensorValues | string {
  const { dims, strides, type, offset, itemBytes, unreadable } = view;
  if (!isCountable(dims)) return UNCOUNTABLE;
  if (unreadable !== undefined) return unreadable;
  if (type === undefined) return 'Its type holds no plain numbers.';
  const stored = storedBytes(view.data, context);
  if (stored === undefined) return MISSING;
  const end = (offset + stridedExtent(dims, strides)) * itemBytes;
  if (elementCount(dims) > 0 && !(end <= stored.bytes)) return BEYOND;
  const narrow = dtypeOfGlobal(`torch.${view.dtype}`)?.narrow;
  const layout = {
    type: narrow === undefined ? type : ('uint8' as const),
    start: stored.start + (elementCount(dims) === 0 ? 0 : offset * itemBytes),
    dims,
    strides,
    bigEndian: view.bigEndian ?? context.bigEndian,
  };
  const values = stridedValues(stored.source, layout, context.cache);
  if (narrow === undefined) return values;
  return {
    type,
    async read(first, count) {
      const codes = bytesOfValues(await values.read(first, count));
      return decodeNarrow(narrow, count, codes)?.data ?? new Float32Array(count);
    },
  };
}

function storedBytes(data: Storage | PickleBytes, { locate, pickle }: ViewContext): StoredBytes | undefined {
  if (data.kind === 'storage') {
    const whole = locate(data);
    if (whole === undefined || data.before === undefined) return whole;
    const before = data.before * data.itemBytes;
    const bytes = Math.min(data.elements * data.itemBytes, whole.bytes - before);
    return bytes < 0 ? undefined : { source: whole.source, start: whole.start + before, bytes };
  }
  if ('data' in data) {
    return { source: memorySource(pickle.name, data.data), start: 0, bytes: data.data.length };
  }
  const { start, length, isText } = data;
  if (!isText) return { source: pickle, start, bytes: length };
  // Every byte beyond ASCII takes two in the text, so it is as long as its bytes only where there are none of these.
  return { source: textSource(pickle, start, length), start: 0, bytes: length };
}

/** Bytes that are written as the characters of a text in UTF-8. It is decoded whole, once, when something is read. */
function textSource(pickle: ByteSource, start: number, length: number): ByteSource {
  let decoded: Promise<ByteSource> | undefined;
  const decode = async (): Promise<ByteSource> => {
    const text = await pickle.read(start, length);
    const bytes = new Uint8Array(length);
    let size = 0;
    for (let at = 0; at < length; at++) {
      const byte = text[at] ?? 0;
      bytes[size++] = byte < 0x80 ? byte : ((byte & 0x03) << 6) | ((text[++at] ?? 0) & 0x3f);
    }
    return memorySource(pickle.name, bytes.subarray(0, size));
  };
  return {
    name: pickle.name,
    size: length,
    async read(offset, count) {
      decoded ??= decode();
      return (await decoded).read(offset, count);
    },
  };
}

/** Dimensions whose product every user may rely on. */
function isCountable(dims: readonly number[]): boolean {
  return Number.isSafeInteger(dims.reduce((product, dim) => product * Math.max(1, dim), 1));
}

/**
 * Bytes of each view that no other one has counted: views of one storage count its bytes once, so that all together are
 * never more than the file.
 */
export function ownBytes(views: readonly TensorView[], context: ViewContext): readonly number[] {
  const own = new Array<number>(views.length).fill(0);
  const byData = new Map<unknown, { readonly index: number; readonly start: number; readonly end: number }[]>();
  views.forEach(({ data, offset, dims, strides, itemBytes }, index) => {
    const whole = wholeOf(data, context);
    const before = data.kind === 'storage' ? (data.before ?? 0) * data.itemBytes : 0;
    const start = Math.min(before + offset * itemBytes, whole);
    const end = Math.min(start + stridedExtent(dims, strides) * itemBytes, whole);
    const owner = data.kind === 'storage' ? data.key : data;
    const ranges = byData.get(owner);
    if (ranges === undefined) byData.set(owner, [{ index, start, end }]);
    else ranges.push({ index, start, end });
  });
  for (const ranges of byData.values()) {
    let covered = 0;
    for (const { index, start, end } of ranges.sort((a, b) => a.start - b.start || a.index - b.index)) {
      const view = views[index];
      const free = Math.max(0, end - Math.max(start, covered));
      own[index] = Math.min(free, view === undefined ? 0 : elementCount(view.dims) * view.itemBytes);
      covered = Math.max(covered, end);
    }
  }
  return own;
}

function wholeOf(data: Storage | PickleBytes, { locate }: ViewContext): number {
  if (data.kind === 'storage') return locate(data)?.bytes ?? 0;
  return 'data' in data ? data.data.length : data.length;
}
