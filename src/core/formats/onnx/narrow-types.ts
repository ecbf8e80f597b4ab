/**
 * Element types that no engine gives as a tensor, decoded exactly into wider ones.
 * Source of the layouts: ONNX documentation, "Float stored in 8 bits", "4 bit" and "2 bit integer types".
 */
import { TensorProto_DataType as DataType } from './onnx_pb.js';

/** Layout of a small floating-point type: sign, exponent, mantissa, and what stands for what is no number. */
interface SmallFloat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** "ieee": the top exponent holds ∞ and NaN; "top": only all ones is NaN; "negative-zero": only −0 is NaN; "none". */
  readonly special: 'ieee' | 'top' | 'negative-zero' | 'none';
}

const SMALL_FLOATS: Readonly<Record<number, SmallFloat>> = {
  [DataType.FLOAT8E4M3FN]: { exponentBits: 4, mantissaBits: 3, bias: 7, special: 'top' },
  [DataType.FLOAT8E4M3FNUZ]: { exponentBits: 4, mantissaBits: 3, bias: 8, special: 'negative-zero' },
  [DataType.FLOAT8E5M2]: { exponentBits: 5, mantissaBits: 2, bias: 15, special: 'ieee' },
  [DataType.FLOAT8E5M2FNUZ]: { exponentBits: 5, mantissaBits: 2, bias: 16, special: 'negative-zero' },
  [DataType.FLOAT4E2M1]: { exponentBits: 2, mantissaBits: 1, bias: 1, special: 'none' },
};

const PACKED_BITS: Readonly<Record<number, number>> = {
  [DataType.UINT4]: 4,
  [DataType.INT4]: 4,
  [DataType.FLOAT4E2M1]: 4,
  [DataType.UINT2]: 2,
  [DataType.INT2]: 2,
};

/** Decodes `count` elements of a narrow type, or gives undefined when the type is none. */
export function decodeNarrow(
  dataType: number,
  count: number,
  bytes: Uint8Array,
):
  | { type: 'float32'; data: Float32Array }
  | { type: 'int8'; data: Int8Array }
  | { type: 'uint8'; data: Uint8Array }
  | undefined {
  const floats = floatTable(dataType);
  if (floats !== undefined) {
    const codes = unpack(dataType, count, bytes);
    const data = new Float32Array(count);
    for (let i = 0; i < count; i++) data[i] = floats[codes[i] as number] as number;
    return { type: 'float32', data };
  }
  switch (dataType) {
    case DataType.BFLOAT16: {
      const words = new Uint32Array(count);
      for (let i = 0; i < count; i++) words[i] = (((bytes[2 * i + 1] ?? 0) << 24) | ((bytes[2 * i] ?? 0) << 16)) >>> 0;
      return { type: 'float32', data: new Float32Array(words.buffer) };
    }
    case DataType.UINT4:
    case DataType.UINT2:
      return { type: 'uint8', data: unpack(dataType, count, bytes) };
    case DataType.INT4:
    case DataType.INT2: {
      const data = new Int8Array(unpack(dataType, count, bytes).buffer);
      const unused = 32 - (PACKED_BITS[dataType] ?? 4);
      for (let i = 0; i < count; i++) data[i] = ((data[i] as number) << unused) >> unused;
      return { type: 'int8', data };
    }
    default:
      return undefined;
  }
}

const floatTables = new Map<number, Float32Array>();

/** What each code of a small floating-point type means. */
function floatTable(dataType: number): Float32Array | undefined {
  const known = floatTables.get(dataType);
  if (known !== undefined) return known;
  const layout = SMALL_FLOATS[dataType];
  const meaning =
    dataType === DataType.FLOAT8E8M0
      ? // An exponent alone: 2^(code − 127); 255 is NaN.
        (code: number) => (code === 255 ? NaN : 2 ** (code - 127))
      : layout && ((code: number) => smallFloatValue(layout, code));
  if (meaning === undefined) return undefined;
  const bits = layout === undefined ? 8 : 1 + layout.exponentBits + layout.mantissaBits;
  const table = Float32Array.from({ length: 1 << bits }, (_, code) => meaning(code));
  floatTables.set(dataType, table);
  return table;
}

/** Splits bytes into elements, the lowest bits first, in an array of their own; types of whole bytes stay as they are. */
function unpack(dataType: number, count: number, bytes: Uint8Array): Uint8Array {
  const bits = PACKED_BITS[dataType];
  if (bits === undefined) return bytes.subarray(0, count);
  const codes = new Uint8Array(count);
  const mask = (1 << bits) - 1;
  // Element i lies in byte i · bits / 8, from bit i · bits mod 8 on; all narrow types have 2 or 4 bits.
  const toByte = bits === 4 ? 1 : 2;
  for (let i = 0; i < count; i++) codes[i] = ((bytes[i >> toByte] ?? 0) >> ((i * bits) & 7)) & mask;
  return codes;
}

function smallFloatValue({ exponentBits, mantissaBits, bias, special }: SmallFloat, code: number): number {
  const topExponent = (1 << exponentBits) - 1;
  const topMantissa = (1 << mantissaBits) - 1;
  const exponent = (code >> mantissaBits) & topExponent;
  const mantissa = code & topMantissa;
  const negative = code >> (exponentBits + mantissaBits) === 1;
  const sign = negative ? -1 : 1;
  if (special === 'ieee' && exponent === topExponent) return mantissa === 0 ? sign * Infinity : NaN;
  if (special === 'top' && exponent === topExponent && mantissa === topMantissa) return NaN;
  if (special === 'negative-zero' && negative && exponent === 0 && mantissa === 0) return NaN;
  const fraction = mantissa / (1 << mantissaBits);
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}
