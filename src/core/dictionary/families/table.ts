/** Which reader is for which family; the families are those that the detection table knows (dictionary-layouts.ts). */
import { circuitTracer } from './circuit-tracer.js';
import { crosscoder } from './crosscoder.js';
import { dictionaryLearning } from './dictionary-learning.js';
import { gemmaScope } from './gemma-scope.js';
import { llamaScope } from './llama-scope.js';
import { llamascopium } from './llamascopium.js';
import { openai } from './openai.js';
import type { Family } from './parts.js';
import { saeLens } from './sae-lens.js';
import { saev } from './saev.js';
import { sparsify } from './sparsify.js';
import { transcoderCircuits } from './transcoder-circuits.js';
import { unknownFamily } from './unknown.js';

export const FAMILIES: Readonly<Record<string, Family>> = {
  SAELens: saeLens,
  sparsify,
  dictionary_learning: dictionaryLearning,
  'Gemma Scope': gemmaScope,
  'Gemma Scope 2': gemmaScope,
  'circuit-tracer': circuitTracer,
  'transcoder_circuits or ViT-Prisma': transcoderCircuits,
  OpenAI: openai,
  'Llama Scope': llamaScope,
  saev,
  Llamascopium: llamascopium,
  crosscoder,
  'of no known family': unknownFamily,
};
