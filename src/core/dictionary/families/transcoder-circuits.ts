/**
 * transcoder_circuits (sae_training/sparse_autoencoder.py) and ViT-Prisma, which keeps its layout (formats 2.6). b_dec is
 * subtracted although it is a transcoder, and another bias is added.
 */
import type { Coder, Normalisation } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  between,
  decideActivation,
  decideNormalisation,
  decideSubtracted,
  matrix,
  relu,
  skipOf,
  topK,
  unread,
  vector,
  type Chosen,
} from './parts.js';

export async function transcoderCircuits(facts: Facts): Promise<Coder | undefined> {
  const chosen = activationOf(facts);
  if (chosen === undefined) return undefined;
  decideActivation(facts, chosen);
  decideSubtracted(facts, 'b_dec', 'This layout subtracts it from the input of transcoders too.');
  const normalisation = normalisationOf(facts);
  const encoder = matrix(facts, 'W_enc', 1);
  const decoder = matrix(facts, 'W_dec', 0);
  return {
    ...between(facts, encoder, decoder),
    encoderBias: vector(facts, 'b_enc'),
    subtracted: vector(facts, 'b_dec'),
    added: { vector: vector(facts, 'b_dec_out') },
    activation: chosen.activation,
    normalisation,
    ...skipOf(facts, 'W_skip', { transposed: true }),
  };
}

function activationOf(facts: Facts): Chosen | undefined {
  const stated = facts.stated('activation_fn_str');
  if (stated === undefined || stated.value === 'relu') return relu(stated?.because ?? 'This layout uses ReLU.');
  if (stated.value === 'topk') return topK(facts, facts.stated('activation_fn_kwargs.k', 'k'), { relu: true });
  throw unread('Its activation function', stated.value, 'ReLU and top-k are.');
}

function normalisationOf(facts: Facts): Normalisation {
  const stated = facts.stated('normalize_activations');
  const mode = stated?.value ?? 'none';
  const kind =
    mode === 'constant_norm_rescale'
      ? 'unit-norm'
      : mode === 'layer_norm'
        ? 'layer-norm'
        : mode === 'none' || mode === false || mode === 'None'
          ? 'none'
          : undefined;
  if (kind === undefined) {
    throw unread('Its normalisation', mode, 'None, constant_norm_rescale and layer_norm are.');
  }
  const normalisation: Normalisation = kind === 'none' ? { kind } : { kind, undone: true };
  decideNormalisation(facts, normalisation, stated?.because ?? 'Nothing says otherwise.');
  return normalisation;
}
