/** OpenAI’s autoencoders (openai/sparse_autoencoder, sparse_autoencoder/model.py; formats 2.8). */
import type { Coder } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  between,
  decideActivation,
  decideNormalisation,
  decideSubtracted,
  matrix,
  relu,
  topK,
  unread,
  vector,
  type Chosen,
} from './parts.js';

export async function openai(facts: Facts): Promise<Coder | undefined> {
  const name = activationName(facts);
  if (name === undefined) return undefined;
  const chosen = activationOf(facts, name.value);
  if (chosen === undefined) return undefined;
  decideActivation(facts, { ...chosen, because: `${name.because} ${chosen.because}`.trim() });
  decideSubtracted(facts, 'pre_bias', 'OpenAI’s autoencoders subtract it, and add it again.');
  const normalisation =
    name.value === 'TopK' ? ({ kind: 'layer-norm', undone: true } as const) : ({ kind: 'none' } as const);
  decideNormalisation(facts, normalisation, 'Those with TopK normalise each token, the others do not.');
  const encoder = matrix(facts, 'encoder.weight', 0);
  const decoder = matrix(facts, 'decoder.weight', 1);
  return {
    ...between(facts, encoder, decoder),
    encoderBias: vector(facts, 'latent_bias'),
    subtracted: vector(facts, 'pre_bias'),
    added: { vector: vector(facts, 'pre_bias') },
    activation: chosen.activation,
    normalisation,
  };
}

function activationName(facts: Facts): { readonly value: string; readonly because: string } | undefined {
  const stated =
    facts.stated('activation') ??
    facts.ask({
      switch: 'activation',
      text: 'Which activation function has it? The file does not say; those of version 5 have “TopK” and normalise their input, older ones “ReLU” and do not.',
      choices: [
        { value: 'TopK', text: 'TopK, on the normalised input' },
        { value: 'ReLU', text: 'ReLU, on the input as it is' },
      ],
    });
  return stated && { value: String(stated.value), because: stated.because };
}

function activationOf(facts: Facts, name: string): Chosen | undefined {
  if (name === 'ReLU') return relu('');
  if (name === 'TopK') {
    const after = facts.stated('activation_state_dict.postact_fn');
    return topK(facts, facts.stated('activation_state_dict.k'), { relu: after?.value !== 'Identity' });
  }
  throw unread('Its activation function', name, 'ReLU and TopK are.');
}
