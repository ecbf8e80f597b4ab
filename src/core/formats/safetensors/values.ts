import type { ByteSource } from '../../bytes/byte-source.js';
import { elementCount } from '../../tensor/tensor.js';
import { decodeNarrow } from '../onnx/narrow-types.js';
import { checkRange, plainValues } from '../plain-values.js';
import type { TensorValues } from '../tensor-file.js';
import { safetensorsDtype, type SafetensorsDtype } from './dtypes.js';
import type { HeaderEntry } from './header.js';

const UNKNOWN_TYPE: SafetensorsDtype = { bits: 8, unreadable: 'Its type is not known.' };

/** The values of one tensor, or why there are none. Types of 8 and fewer bits are decoded to float32. */
export function entryValues(
  source: ByteSource,
  { dtype, dims, start }: HeaderEntry,
): { readonly values: TensorValues } | { readonly unreadable: string } {
  const { type, narrow, bits, unreadable } = safetensorsDtype(dtype) ?? UNKNOWN_TYPE;
  const elements = elementCount(dims);
  if (type === undefined) return { unreadable: unreadable ?? 'It holds no numbers.' };
  if (narrow === undefined) return { values: plainValues(source, { type, start, elements }) };
  const perByte = 8 / bits;
  return {
    values: {
      type,
      async read(first, count) {
        checkRange(first, count, elements);
        const firstByte = Math.floor(first / perByte);
        const skipped = first - firstByte * perByte;
        const bytes = await source.read(start + firstByte, Math.ceil((skipped + count) / perByte));
        const decoded = decodeNarrow(narrow, skipped + count, bytes)?.data ?? new Float32Array(count);
        return skipped === 0 ? decoded : decoded.slice(skipped);
      },
    },
  };
}
