/** circuit-tracer’s transcoders, per layer and cross-layer (circuit_tracer/transcoder; formats 2.5). */
import type { Coder } from '../coder.js';
import type { Facts } from '../facts.js';
import { missingTensor } from '../facts.js';
import {
  between,
  decideActivation,
  decideSubtracted,
  matrix,
  relu,
  skipOf,
  storedK,
  topK,
  unread,
  vector,
  type Chosen,
} from './parts.js';

export async function circuitTracer(facts: Facts): Promise<Coder | undefined> {
  const layer = /^W_(?:enc|dec)_(\d+)$/.exec(
    facts.dictionary.tensors.encoder ?? facts.dictionary.tensors.decoder ?? '',
  );
  const [, number] = layer ?? [];
  return number === undefined ? perLayer(facts) : crossLayer(facts, number);
}

async function perLayer(facts: Facts): Promise<Coder | undefined> {
  const chosen = await activationOf(facts);
  if (chosen === undefined) return undefined;
  decideActivation(facts, chosen);
  decideSubtracted(facts, undefined, 'circuit-tracer subtracts nothing.');
  const encoder = matrix(facts, 'W_enc', 0);
  const decoder = matrix(facts, 'W_dec', 0);
  return {
    ...between(facts, encoder, decoder),
    encoderBias: vector(facts, 'b_enc'),
    added: { vector: vector(facts, 'b_dec') },
    activation: chosen.activation,
    ...skipOf(facts, 'W_skip', { transposed: true }),
  };
}

/** A threshold in the file decides; without one, what the configuration says, else ReLU. */
async function activationOf(facts: Facts): Promise<Chosen | undefined> {
  const name = ['activation_function.threshold', 'threshold'].find(facts.has);
  if (name !== undefined) return jumpRelu(facts, name);
  const stated = facts.stated('activation');
  const kind = typeof stated?.value === 'string' ? stated.value.toLowerCase() : undefined;
  if (kind === undefined || kind === 'relu')
    return relu(
      stated?.because ?? 'It has no threshold, and no configuration says otherwise: circuit-tracer takes ReLU.',
    );
  if (kind !== 'topk') {
    throw unread('Its activation function', kind, 'ReLU, JumpReLU and top-k are.');
  }
  return topK(facts, (await storedK(facts)) ?? facts.stated('k'), { relu: false });
}

function jumpRelu(facts: Facts, name: string): Chosen {
  return {
    activation: { kind: 'jumprelu', threshold: vector(facts, name), relu: false },
    because: `The file has thresholds as “${name}”.`,
  };
}

/** The encoder of a layer, and its decoders to that layer and each behind it. */
async function crossLayer(facts: Facts, layer: string): Promise<Coder> {
  const [encoderName, decoderName] = [`W_enc_${layer}`, `W_dec_${layer}`];
  if (!facts.has(encoderName)) throw missingTensor(encoderName);
  const encoder = matrix(facts, encoderName, 0);
  const decoder = matrix(facts, decoderName, 0);
  const places = decoder.tensor.dims[1] ?? 1;
  const chosen = facts.has(`threshold_${layer}`)
    ? jumpRelu(facts, `threshold_${layer}`)
    : relu('It has no threshold: circuit-tracer takes ReLU.');
  decideActivation(facts, chosen);
  decideSubtracted(facts, undefined, 'circuit-tracer subtracts nothing.');
  facts.decide(
    'Written to',
    places === 1 ? `layer ${layer}` : `layers ${layer} to ${Number(layer) + places - 1}`,
    'Its decoder has an axis for them. What other layers write comes on top, and each layer’s bias once.',
  );
  return {
    ...between(facts, encoder, decoder, { writes: places }),
    encoderBias: vector(facts, `b_enc_${layer}`),
    added: { vector: vector(facts, `b_dec_${layer}`), ...(places === 1 ? {} : { place: 0 }) },
    activation: chosen.activation,
  };
}
