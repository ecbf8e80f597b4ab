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
  if (!isCountable(dims)) return 'Its shape has more elements than can be counted.';
  if (unreadable !== undefined) return unreadable;
  if (type === undefined) return 'Its type holds no plain numbers.';
  const stored = storedBytes(view.data, context);
  if (stored === undefined) return 'The file does not hold its values.';
  const end = (offset + stridedExtent(dims, strides)) * itemBytes;
  if (elementCount(dims) > 0 && !(end <= stored.bytes))
    return 'Its values lie beyond the end of what the file holds for them.';
  const narrow = dtypeOfGlobal(`torch.${view.dtype}`)?.narrow;
  const layout = {
    type: narrow === undefined ? type : ('uint8' as const),
    start: stored.start + offset * itemBytes,
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
  if (data.kind === 'storage') return locate(data);
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
 * Bytes of each view that no view before it takes: tensors that share a storage count its bytes once, so that all
 * together are never more than the file.
 */
export function ownBytes(views: readonly TensorView[]): readonly number[] {
  const own = new Array<number>(views.length).fill(0);
  const byStorage = new Map<string, { readonly index: number; readonly start: number; readonly end: number }[]>();
  views.forEach((view, index) => {
    const { data, offset, dims, strides, itemBytes } = view;
    const most = elementCount(dims) * itemBytes;
    const size =
      data.kind === 'storage' ? data.elements * data.itemBytes : 'data' in data ? data.data.length : data.length;
    if (data.kind !== 'storage') {
      own[index] = Math.min(most, size);
      return;
    }
    const start = Math.min(offset * itemBytes, size);
    const end = Math.min((offset + stridedExtent(dims, strides)) * itemBytes, size);
    const ranges = byStorage.get(data.key);
    if (ranges === undefined) byStorage.set(data.key, [{ index, start, end }]);
    else ranges.push({ index, start, end });
  });
  for (const ranges of byStorage.values()) {
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
