/**
 * transcoder_circuits (sae_training/sparse_autoencoder.py) and ViT-Prisma, which keeps its layout (formats 2.6). b_dec is
 * subtracted although it is a transcoder, and another bias is added.
 */
import type { Coder, Normalisation } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  decideActivation,
  decideNormalisation,
  decideSubtracted,
  matrix,
  PLAIN,
  relu,
  topK,
  unsupported,
  vector,
  type Chosen,
} from './parts.js';

export async function transcoderCircuits(facts: Facts): Promise<Coder | undefined> {
  const { features, kind, family } = facts.dictionary;
  const chosen = activationOf(facts);
  if (chosen === undefined) return undefined;
  decideActivation(facts, chosen);
  decideSubtracted(facts, 'b_dec', 'This layout subtracts it from the input of transcoders too.');
  const normalisation = normalisationOf(facts);
  const encoder = matrix(facts, 'W_enc', 1);
  const decoder = matrix(facts, 'W_dec', 0);
  return {
    ...PLAIN,
    kind,
    family,
    features,
    reads: { places: 1, width: encoder.width },
    writes: { places: 1, width: decoder.width },
    encoder,
    decoder,
    encoderBias: vector(facts, 'b_enc'),
    subtracted: vector(facts, 'b_dec'),
    added: { vector: vector(facts, 'b_dec_out') },
    activation: chosen.activation,
    normalisation,
    ...(facts.has('W_skip') ? { skip: { tensor: vector(facts, 'W_skip').tensor, transposed: true } } : {}),
  };
}

function activationOf(facts: Facts): Chosen | undefined {
  const stated = facts.stated('activation_fn_str');
  if (stated === undefined || stated.value === 'relu') return relu(stated?.because ?? 'This layout uses ReLU.');
  if (stated.value === 'topk') return topK(facts, facts.stated('activation_fn_kwargs.k', 'k'), { relu: true });
  throw unsupported(
    `Its activation function “${String(stated.value).slice(0, 60)}” is not read here.`,
    'ReLU and top-k are.',
  );
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
    throw unsupported(
      `Its normalisation “${String(mode).slice(0, 60)}” is not read here.`,
      'None, constant_norm_rescale and layer_norm are.',
    );
  }
  const normalisation: Normalisation = kind === 'none' ? { kind } : { kind, undone: true };
  decideNormalisation(facts, normalisation, stated?.because ?? 'Nothing says otherwise.');
  return normalisation;
}
