/**
 * 4-bit codes that stand for values of a table.
 * Source: ggml, ggml-common.h (`block_iq4_nl`, `block_iq4_xs`, `block_mxfp4`, `block_nvfp4`) and ggml-quants.c; the values
 * of float4 and the scales of MXFP4 are those of the OCP Microscaling Formats specification, version 1.0.
 */
import { halfAt, uint16At, type Dequantize } from './block.js';

/** The sixteen levels of IQ4_NL: closer together near zero, where most weights are. */
const NON_LINEAR_LEVELS = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** float4 (e2m1): the top bit is the sign. Its negative zero is zero here, as in ggml. */
const FLOAT4 = Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6);

/** float8 that is an exponent alone (e8m0): 2^(code − 127). In float64, where the largest is no infinity yet. */
const EXPONENTS = Float64Array.from({ length: 256 }, (_, code) => 2 ** (code - 127));

/** float8 (e4m3, bias 7) as ggml reads scales: the sign bit does not count, and what is NaN elsewhere is zero. */
const UNSIGNED_FLOAT8 = Float64Array.from({ length: 256 }, (_, code) => {
  if (code === 0x7f) return 0;
  const exponent = (code >> 3) & 15;
  const mantissa = code & 7;
  return exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7);
});

/** Weights j (low halves) and j + n (high halves) of the n bytes at `codes`. */
function fromTable(
  table: Int8Array | Float32Array,
  scale: number,
  bytes: Uint8Array,
  codes: number,
  n: number,
  out: Float32Array,
  to: number,
): void {
  for (let j = 0; j < n; j++) {
    const pair = bytes[codes + j] as number;
    out[to + j] = scale * (table[pair & 15] as number);
    out[to + j + n] = scale * (table[pair >> 4] as number);
  }
}

/** 32 weights: d, 16 bytes of codes. */
export const dequantizeIQ4_NL: Dequantize = (bytes, at, out, to, bigEndian) => {
  fromTable(NON_LINEAR_LEVELS, halfAt(bytes, at, bigEndian), bytes, at + 2, 16, out, to);
};

/** 256 weights in eight parts: d, 16 bits with the high two bits of each part's scale, 4 bytes with the low four, codes. */
export const dequantizeIQ4_XS: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  const high = uint16At(bytes, at + 2, bigEndian);
  for (let part = 0; part < 8; part++) {
    const low = ((bytes[at + 4 + (part >> 1)] as number) >> ((part & 1) * 4)) & 15;
    const scale = (low | (((high >> (part * 2)) & 3) << 4)) - 32;
    fromTable(NON_LINEAR_LEVELS, d * scale, bytes, at + 8 + part * 16, 16, out, to + part * 32);
  }
};

/** 32 weights: an exponent e, 16 bytes of float4: 2^(e − 127) · q. */
export const dequantizeMXFP4: Dequantize = (bytes, at, out, to) => {
  fromTable(FLOAT4, EXPONENTS[bytes[at] as number] as number, bytes, at + 1, 16, out, to);
};

/** 64 weights in four parts: four scales as float8, 32 bytes of float4. */
export const dequantizeNVFP4: Dequantize = (bytes, at, out, to) => {
  for (let part = 0; part < 4; part++) {
    const scale = UNSIGNED_FLOAT8[bytes[at + part] as number] as number;
    fromTable(FLOAT4, scale, bytes, at + 4 + part * 8, 8, out, to + part * 16);
  }
};
