/**
 * The "K" types: super-blocks of 256 weights, in parts of 16 or 32 weights with quantised scales (and minima) of their
 * own, times one 16-bit scale d (and minimum dmin) of the super-block.
 * Source: ggml, ggml-common.h (`block_q2_K` to `block_q8_K`) and ggml-quants.c.
 */
import { halfAt, int8At, type Dequantize } from './block.js';

const WEIGHTS = 256;

/** 16 bytes of scales (low half) and minima (high half), 64 bytes of 2-bit codes, d, dmin: d · scale · q − dmin · min. */
export const dequantizeQ2_K: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at + 80, bigEndian);
  const dmin = halfAt(bytes, at + 82, bigEndian);
  // Part p of 16 weights; 128 weights share 32 bytes of codes, two bits for each of four stretches of 32.
  for (let p = 0; p < 16; p++) {
    const packed = bytes[at + p] as number;
    const scale = d * (packed & 15);
    const minimum = dmin * (packed >> 4);
    const codes = at + 16 + (p >> 3) * 32 + (p & 1) * 16;
    const shift = ((p >> 1) & 3) * 2;
    const start = to + p * 16;
    for (let l = 0; l < 16; l++) out[start + l] = scale * (((bytes[codes + l] as number) >> shift) & 3) - minimum;
  }
};

/**
 * 32 bytes of third bits, 64 bytes of 2-bit codes, 16 scales of 6 bits in 12 bytes, d: d · (scale − 32) · (q − 4), where
 * the third bit stands for 4.
 */
export const dequantizeQ3_K: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at + 108, bigEndian);
  const scales = at + 96;
  for (let p = 0; p < 16; p++) {
    // Low four bits: parts 0 to 7 in low halves of bytes 0 to 7, parts 8 to 15 in their high halves. High two bits: bytes 8 to 11.
    const low = ((bytes[scales + (p & 7)] as number) >> ((p >> 3) * 4)) & 15;
    const high = ((bytes[scales + 8 + (p & 3)] as number) >> ((p >> 2) * 2)) & 3;
    const scale = d * ((low | (high << 4)) - 32);
    const codes = at + 32 + (p >> 3) * 32 + (p & 1) * 16;
    const shift = ((p >> 1) & 3) * 2;
    const third = at + (p & 1) * 16;
    const bit = p >> 1;
    const start = to + p * 16;
    for (let l = 0; l < 16; l++) {
      const q = ((bytes[codes + l] as number) >> shift) & 3;
      out[start + l] = scale * (q - ((((bytes[third + l] as number) >> bit) & 1) === 1 ? 0 : 4));
    }
  }
};

/** The 6-bit scale of part j (of eight), from 12 bytes that begin at `at`. */
function sixBitScale(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return (bytes[at + j] as number) & 63;
  return ((bytes[at + j + 4] as number) & 15) | (((bytes[at + j - 4] as number) >> 6) << 4);
}

/** The 6-bit minimum of part j. */
function sixBitMinimum(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return (bytes[at + j + 4] as number) & 63;
  return ((bytes[at + j + 4] as number) >> 4) | (((bytes[at + j] as number) >> 6) << 4);
}

/** d, dmin, 12 bytes of scales and minima, 128 bytes of 4-bit codes: d · scale · q − dmin · min. */
export const dequantizeQ4_K: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  const dmin = halfAt(bytes, at + 2, bigEndian);
  // Part j of 32 weights; two parts share 32 bytes of codes.
  for (let j = 0; j < 8; j++) {
    const scale = d * sixBitScale(bytes, at + 4, j);
    const minimum = dmin * sixBitMinimum(bytes, at + 4, j);
    const codes = at + 16 + (j >> 1) * 32;
    const shift = (j & 1) * 4;
    const start = to + j * 32;
    for (let l = 0; l < 32; l++) out[start + l] = scale * (((bytes[codes + l] as number) >> shift) & 15) - minimum;
  }
};

/** As Q4_K, with 32 bytes of fifth bits before the codes: bit j of byte l belongs to weight l of part j. */
export const dequantizeQ5_K: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  const dmin = halfAt(bytes, at + 2, bigEndian);
  const fifth = at + 16;
  for (let j = 0; j < 8; j++) {
    const scale = d * sixBitScale(bytes, at + 4, j);
    const minimum = dmin * sixBitMinimum(bytes, at + 4, j);
    const codes = at + 48 + (j >> 1) * 32;
    const shift = (j & 1) * 4;
    const start = to + j * 32;
    for (let l = 0; l < 32; l++) {
      const low = ((bytes[codes + l] as number) >> shift) & 15;
      const high = ((bytes[fifth + l] as number) >> j) & 1;
      out[start + l] = scale * (low | (high << 4)) - minimum;
    }
  }
};

/** 128 bytes of low four bits, 64 bytes of high two bits, 16 signed scales, d: d · scale · (q − 32). */
export const dequantizeQ6_K: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at + 208, bigEndian);
  for (let p = 0; p < 16; p++) {
    const scale = d * int8At(bytes, at + 192 + p);
    // 128 weights share 64 bytes of low bits (stretches of 32: bytes 0, bytes 32, then their high halves) and 32 of high bits.
    const stretch = (p >> 1) & 3;
    const low = at + (p >> 3) * 64 + (stretch & 1) * 32 + (p & 1) * 16;
    const lowShift = (stretch >> 1) * 4;
    const high = at + 128 + (p >> 3) * 32 + (p & 1) * 16;
    const highShift = stretch * 2;
    const start = to + p * 16;
    for (let l = 0; l < 16; l++) {
      const code =
        (((bytes[low + l] as number) >> lowShift) & 15) | ((((bytes[high + l] as number) >> highShift) & 3) << 4);
      out[start + l] = scale * (code - 32);
    }
  }
};

const single = new DataView(new ArrayBuffer(4));

/** A 32-bit float d, 256 signed bytes, and the sums of each 16 of them, which weights do not need: d · q. */
export const dequantizeQ8_K: Dequantize = (bytes, at, out, to, bigEndian) => {
  for (let i = 0; i < 4; i++) single.setUint8(i, bytes[at + i] as number);
  const d = single.getFloat32(0, !bigEndian);
  for (let l = 0; l < WEIGHTS; l++) out[to + l] = d * int8At(bytes, at + 4 + l);
};
