/** Gemma Scope 1 and 2, their transcoders and cross-layer transcoders (formats 2.4). */
import type { Coder } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  askThreshold,
  between,
  decideActivation,
  decideSubtracted,
  matrix,
  skipOf,
  vector,
  type Chosen,
} from './parts.js';
import { layerOf } from './layer.js';

export async function gemmaScope(facts: Facts): Promise<Coder | undefined> {
  const [w, d] = facts.has('w_enc') ? ['w_enc', 'w_dec'] : ['W_enc', 'W_dec'];
  const encoder = matrix(facts, w, 1);
  const decoder = matrix(facts, d, 0);
  const places = decoder.tensor.dims.length === 3 ? (decoder.tensor.dims[1] ?? 1) : 1;
  // The bias is that of the layer itself, whose place the file tells by its name only.
  const place = places === 1 ? 0 : layerOf(facts, places);
  const chosen = activationOf(facts);
  if (chosen === undefined || place === undefined) return undefined;
  decideActivation(facts, chosen);
  decideSubtracted(facts, undefined, 'Gemma Scope subtracts nothing.');
  return {
    ...between(facts, encoder, decoder, { writes: places }),
    encoderBias: vector(facts, 'b_enc'),
    added: { vector: vector(facts, 'b_dec'), ...(places === 1 ? {} : { place }) },
    activation: chosen.activation,
    ...skipOf(facts, 'affine_skip_connection', { transposed: false }),
  };
}

function activationOf(facts: Facts): Chosen | undefined {
  const because = 'Gemma Scope keeps what lies above the “threshold” of its feature.';
  if (facts.has('threshold'))
    return { activation: { kind: 'jumprelu', threshold: vector(facts, 'threshold'), relu: false }, because };
  const answer = askThreshold(
    facts,
    'Gemma Scope’s dictionaries have a “threshold” for each feature; this file has none.',
  );
  return answer && { activation: { kind: 'jumprelu', threshold: answer.value, relu: false }, because: answer.because };
}
