/**
 * Element types of GGUF tensors. Quantised types store blocks: a fixed number of weights in a fixed number of bytes, with
 * the scales that they share. Source: ggml, `enum ggml_type` in ggml.h and the block structures in ggml-common.h.
 */
import type { StoredType } from '../../tensor/stored-type.js';
import type { Dequantize } from './dequantize/block.js';
import { dequantizeIQ4_NL, dequantizeIQ4_XS, dequantizeMXFP4, dequantizeNVFP4 } from './dequantize/four-bit-tables.js';
import { dequantizeQ1_0, dequantizeTQ1_0, dequantizeTQ2_0 } from './dequantize/low-bit.js';
import {
  dequantizeQ4_0,
  dequantizeQ4_1,
  dequantizeQ5_0,
  dequantizeQ5_1,
  dequantizeQ8_0,
  dequantizeQ8_1,
} from './dequantize/simple-blocks.js';
import {
  dequantizeQ2_K,
  dequantizeQ3_K,
  dequantizeQ4_K,
  dequantizeQ5_K,
  dequantizeQ6_K,
  dequantizeQ8_K,
} from './dequantize/super-blocks.js';

export interface GgufType {
  readonly name: string;
  /** Weights of a block; 1 for types that are not quantised. */
  readonly blockElements: number;
  readonly blockBytes: number;
  /** For types that are not quantised: what is stored. */
  readonly plain?: StoredType;
  /** For quantised types: how a block becomes numbers. Neither is there for types whose values are not read. */
  readonly dequantize?: Dequantize;
}

const plain = (name: string, stored: StoredType, bytes: number): GgufType => ({
  name,
  blockElements: 1,
  blockBytes: bytes,
  plain: stored,
});

const blocks = (name: string, blockElements: number, blockBytes: number, dequantize?: Dequantize): GgufType => ({
  name,
  blockElements,
  blockBytes,
  dequantize,
});

/**
 * By their number in files. The code books of the other "IQ" types (up to 2,048 entries found by search) are part of ggml
 * and not of the format's description: these types are listed, their values are not read.
 */
const TYPES: Readonly<Record<number, GgufType>> = {
  0: plain('F32', 'float32', 4),
  1: plain('F16', 'float16', 2),
  2: blocks('Q4_0', 32, 18, dequantizeQ4_0),
  3: blocks('Q4_1', 32, 20, dequantizeQ4_1),
  6: blocks('Q5_0', 32, 22, dequantizeQ5_0),
  7: blocks('Q5_1', 32, 24, dequantizeQ5_1),
  8: blocks('Q8_0', 32, 34, dequantizeQ8_0),
  9: blocks('Q8_1', 32, 36, dequantizeQ8_1),
  10: blocks('Q2_K', 256, 84, dequantizeQ2_K),
  11: blocks('Q3_K', 256, 110, dequantizeQ3_K),
  12: blocks('Q4_K', 256, 144, dequantizeQ4_K),
  13: blocks('Q5_K', 256, 176, dequantizeQ5_K),
  14: blocks('Q6_K', 256, 210, dequantizeQ6_K),
  15: blocks('Q8_K', 256, 292, dequantizeQ8_K),
  16: blocks('IQ2_XXS', 256, 66),
  17: blocks('IQ2_XS', 256, 74),
  18: blocks('IQ3_XXS', 256, 98),
  19: blocks('IQ1_S', 256, 50),
  20: blocks('IQ4_NL', 32, 18, dequantizeIQ4_NL),
  21: blocks('IQ3_S', 256, 110),
  22: blocks('IQ2_S', 256, 82),
  23: blocks('IQ4_XS', 256, 136, dequantizeIQ4_XS),
  24: plain('I8', 'int8', 1),
  25: plain('I16', 'int16', 2),
  26: plain('I32', 'int32', 4),
  27: plain('I64', 'int64', 8),
  28: plain('F64', 'float64', 8),
  29: blocks('IQ1_M', 256, 56),
  30: plain('BF16', 'bfloat16', 2),
  34: blocks('TQ1_0', 256, 54, dequantizeTQ1_0),
  35: blocks('TQ2_0', 256, 66, dequantizeTQ2_0),
  39: blocks('MXFP4', 32, 17, dequantizeMXFP4),
  40: blocks('NVFP4', 64, 36, dequantizeNVFP4),
  41: blocks('Q1_0', 128, 18, dequantizeQ1_0),
};

/** undefined for numbers that stand for no type, or for one that came later. */
export function ggufType(number: number): GgufType | undefined {
  return TYPES[number];
}
