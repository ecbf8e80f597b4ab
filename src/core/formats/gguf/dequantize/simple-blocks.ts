/**
 * Blocks of 32 weights with one scale d, and in some a minimum m. Of 4- and 5-bit codes, byte j holds the code of weight j
 * in its low half and that of weight j + 16 in its high half; fifth bits lie in one 32-bit number, weight j's at bit j.
 * Source: ggml, ggml-common.h (`block_q4_0` to `block_q8_1`) and ggml-quants.c.
 */
import { halfAt, int8At, uint32BitsAt, type Dequantize } from './block.js';

const WEIGHTS = 32;
const HALF = 16;

/** d · (q − 8) */
export const dequantizeQ4_0: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  for (let j = 0; j < HALF; j++) {
    const codes = bytes[at + 2 + j] as number;
    out[to + j] = d * ((codes & 15) - 8);
    out[to + j + HALF] = d * ((codes >> 4) - 8);
  }
};

/** d · q + m */
export const dequantizeQ4_1: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  const m = halfAt(bytes, at + 2, bigEndian);
  for (let j = 0; j < HALF; j++) {
    const codes = bytes[at + 4 + j] as number;
    out[to + j] = d * (codes & 15) + m;
    out[to + j + HALF] = d * (codes >> 4) + m;
  }
};

/** d · (q − 16) */
export const dequantizeQ5_0: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  const fifth = uint32BitsAt(bytes, at + 2, bigEndian);
  for (let j = 0; j < HALF; j++) {
    const codes = bytes[at + 6 + j] as number;
    out[to + j] = d * (((codes & 15) | (((fifth >>> j) & 1) << 4)) - 16);
    out[to + j + HALF] = d * (((codes >> 4) | (((fifth >>> (j + HALF)) & 1) << 4)) - 16);
  }
};

/** d · q + m */
export const dequantizeQ5_1: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  const m = halfAt(bytes, at + 2, bigEndian);
  const fifth = uint32BitsAt(bytes, at + 4, bigEndian);
  for (let j = 0; j < HALF; j++) {
    const codes = bytes[at + 8 + j] as number;
    out[to + j] = d * ((codes & 15) | (((fifth >>> j) & 1) << 4)) + m;
    out[to + j + HALF] = d * ((codes >> 4) | (((fifth >>> (j + HALF)) & 1) << 4)) + m;
  }
};

/** d · q */
export const dequantizeQ8_0: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  for (let j = 0; j < WEIGHTS; j++) out[to + j] = d * int8At(bytes, at + 2 + j);
};

/** As Q8_0, with the sum of the block (two more bytes) in between, which products use and weights do not. */
export const dequantizeQ8_1: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  for (let j = 0; j < WEIGHTS; j++) out[to + j] = d * int8At(bytes, at + 4 + j);
};
