/** What the conformance tests leave out, and why. A case that is not named here must pass. */
import type { EngineName } from '../../src/core/engine/engine.js';

export interface LeftOut {
  readonly reason: string;
  /** Left out with this engine only. */
  readonly engine?: EngineName;
}

const LOCALE: LeftOut = { reason: 'needs the system locale en_US.UTF-8, which few containers have', engine: 'native' };

/** Models and cases that are not run: file name or case path → why. */
const NOT_RUN: Readonly<Record<string, LeftOut>> = {
  'superres_ort_js.onnx': { reason: 'its pre-processing is a custom operator of another library (ai.onnx.contrib)' },
  'node/test_strnormalizer_export_monday_empty_output': LOCALE,
  'simple/test_strnorm_model_monday_casesensintive_lower': LOCALE,
  'simple/test_strnorm_model_monday_casesensintive_upper': LOCALE,
  'simple/test_strnorm_model_monday_empty_output': LOCALE,
  'simple/test_strnorm_model_monday_insensintive_upper_twodim': LOCALE,
};

export function isLeftOut(name: string, engine: string): boolean {
  const entry = NOT_RUN[name];
  return entry !== undefined && (entry.engine === undefined || entry.engine === engine);
}

/** Sizes of open dimensions that a model does not take as 1: file name → input and axis → size. */
export const OPEN_SIZES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // A frame at 16 kHz is 512 samples after 64 of context; the other model takes any other rate for 8 kHz.
  'silero_vad.onnx': { 'input 1': 288 },
  'silero_vad_16k_op15.onnx': { 'input 1': 576 },
  // Strided convolutions need a text of some length.
  'nnsplit_en.onnx': { 'input 1': 100 },
  'nnsplit_zh.onnx': { 'input 1': 100 },
};

/** Cases in whose bodies no values can be observed: case path → why. */
export const UNOBSERVABLE: Readonly<Record<string, string>> = {};

const CAST_LOST: LeftOut = {
  reason: 'the engine’s optimiser drops a conversion to float64 and back that a branch of the observation reads',
};
const HALF_PRECISION: LeftOut = {
  reason:
    'the engine computes half precision in float32, and cannot hand out every value on the way: its conversions get types that do not fit',
};

/** Cases of which not all values can be observed at once: case path → why. */
const NOT_OBSERVED: Readonly<Record<string, LeftOut>> = {
  'node/test_castlike_FLOAT_to_DOUBLE': CAST_LOST,
  'node/test_castlike_FLOAT_to_DOUBLE_expanded': CAST_LOST,
  'node/test_attention_24_qk_matmul_output_mode3_softmax_precision_expanded': HALF_PRECISION,
  'node/test_attention_4d_fp16_expanded': HALF_PRECISION,
  'node/test_attention_4d_gqa_causal_nonpad_decode_fp16_expanded': HALF_PRECISION,
  'node/test_attention_4d_gqa_with_past_and_present_fp16_expanded': HALF_PRECISION,
};

export function isNotObserved(name: string, engine: string): boolean {
  const entry = NOT_OBSERVED[name];
  return entry !== undefined && (entry.engine === undefined || entry.engine === engine);
}

/** Cases whose values change in their last bits when they are handed out: case path → why. */
export const INEXACT: Readonly<Record<string, string>> = {
  'node/test_flexattention_fp16_expanded_ver26':
    'what is handed out in half precision is rounded, and what stays between two nodes in float32 is not',
};
