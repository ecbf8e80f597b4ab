/**
 * Weights that are −d, 0 or +d (ternary), or only ±d.
 * Source: ggml, ggml-common.h (`block_tq1_0`, `block_tq2_0`, `block_q1_0`) and ggml-quants.c.
 */
import { halfAt, type Dequantize } from './block.js';

/**
 * 256 ternary weights as base-3 digits: 48 bytes of five digits, 4 bytes of four digits, d. A byte is the fraction of 256
 * that its digits are as 0.abcde in base 3, so that multiplying by 3 brings one digit after the other to the top.
 */
export const dequantizeTQ1_0: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at + 52, bigEndian);
  digits(bytes, at, 32, 5, d, out, to);
  digits(bytes, at + 32, 16, 5, d, out, to + 160);
  digits(bytes, at + 48, 4, 4, d, out, to + 240);
};

/** Digit n of byte i goes to weight n · count + i. */
function digits(
  bytes: Uint8Array,
  at: number,
  count: number,
  perByte: number,
  d: number,
  out: Float32Array,
  to: number,
): void {
  for (let i = 0; i < count; i++) {
    let fraction = bytes[at + i] as number;
    for (let n = 0; n < perByte; n++) {
      const tripled = fraction * 3;
      out[to + n * count + i] = d * ((tripled >> 8) - 1);
      fraction = tripled & 255;
    }
  }
}

/** 256 ternary weights of two bits: 64 bytes, d. 128 weights share 32 bytes, two bits for each of four stretches of 32. */
export const dequantizeTQ2_0: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at + 64, bigEndian);
  for (let stretch = 0; stretch < 8; stretch++) {
    const codes = at + (stretch >> 2) * 32;
    const shift = (stretch & 3) * 2;
    const start = to + stretch * 32;
    for (let l = 0; l < 32; l++) out[start + l] = d * ((((bytes[codes + l] as number) >> shift) & 3) - 1);
  }
};

/** 128 weights of one bit: d, 16 bytes; a set bit is +d, a clear one −d, the lowest bit first. */
export const dequantizeQ1_0: Dequantize = (bytes, at, out, to, bigEndian) => {
  const d = halfAt(bytes, at, bigEndian);
  for (let l = 0; l < 128; l++) out[to + l] = ((bytes[at + 2 + (l >> 3)] as number) >> (l & 7)) & 1 ? d : -d;
};
