/** dictionary_learning (saprmarks/dictionary_learning, dictionary.py and utils.py; formats 2.3). */
import type { Coder } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  askThreshold,
  between,
  decideActivation,
  decideSubtracted,
  matrix,
  relu,
  SCALED_BY_DECODER,
  storedK,
  topK,
  unread,
  vector,
  type Chosen,
} from './parts.js';

const CLASSES = [
  'AutoEncoder',
  'AutoEncoderNew',
  'GatedAutoEncoder',
  'AutoEncoderTopK',
  'BatchTopKSAE',
  'MatryoshkaBatchTopKSAE',
  'JumpReluAutoEncoder',
] as const;
type DictionaryClass = (typeof CLASSES)[number];

export async function dictionaryLearning(facts: Facts): Promise<Coder | undefined> {
  const chosenClass = classOf(facts);
  if (chosenClass === undefined) return undefined;
  const bias = biasOf(facts, chosenClass);
  const chosen = await activationOf(facts, chosenClass);
  if (chosen === undefined) return undefined;
  decideActivation(facts, chosen);
  decideSubtracted(facts, bias.isSubtracted ? bias.name : undefined, bias.because);
  const isLinear = facts.has('encoder.weight');
  const encoder = isLinear ? matrix(facts, 'encoder.weight', 0) : matrix(facts, 'W_enc', 1);
  const decoder = isLinear ? matrix(facts, 'decoder.weight', 1) : matrix(facts, 'W_dec', 0);
  const isScaled = chosenClass === 'AutoEncoder' || chosenClass === 'AutoEncoderNew';
  if (isScaled) facts.decide('Norms of the decoder', 'multiply the features', `${chosenClass} tells features so.`);
  return {
    ...between(facts, encoder, decoder),
    ...(chosenClass === 'GatedAutoEncoder' ? {} : { encoderBias: vector(facts, isLinear ? 'encoder.bias' : 'b_enc') }),
    ...(bias.isSubtracted ? { subtracted: vector(facts, bias.name) } : {}),
    added: { vector: vector(facts, bias.name) },
    activation: chosen.activation,
    ...(isScaled ? { decoderNorm: SCALED_BY_DECODER } : {}),
  };
}

function classOf(facts: Facts): DictionaryClass | undefined {
  const decide = (value: DictionaryClass, because: string): DictionaryClass => {
    facts.decide('Class', value, because);
    return value;
  };
  const stated = facts.stated('trainer.dict_class', 'dict_class');
  if (stated !== undefined) {
    const known = CLASSES.find((each) => each === stated.value);
    if (known !== undefined) return decide(known, stated.because);
    throw unread('dictionary_learning’s class', stated.value, `These are: ${CLASSES.join(', ')}.`);
  }
  if (facts.has('gate_bias')) return decide('GatedAutoEncoder', 'It has a “gate_bias”.');
  if (facts.has('bias')) return decide('AutoEncoder', 'It has a “bias” that both sides share.');
  if (facts.has('decoder.bias')) return decide('AutoEncoderNew', 'It has a “decoder.bias”.');
  if (facts.has('group_sizes')) return decide('MatryoshkaBatchTopKSAE', 'It has “group_sizes”.');
  if (facts.has('W_enc')) return decide('JumpReluAutoEncoder', 'It has “W_enc” and no “group_sizes”.');
  const answer = facts.ask({
    switch: 'architecture',
    text: 'Is this a top-k or a batch-top-k dictionary? Both are saved with the same tensors; “trainer.dict_class” in the missing “config.json” says which.',
    choices: [
      { value: 'AutoEncoderTopK', text: 'AutoEncoderTopK: the k largest features of each token fire' },
      { value: 'BatchTopKSAE', text: 'BatchTopKSAE: the features above the stored threshold fire' },
    ],
  });
  return answer && decide(answer.value === 'BatchTopKSAE' ? 'BatchTopKSAE' : 'AutoEncoderTopK', answer.because);
}

function biasOf(facts: Facts, chosen: DictionaryClass): { name: string; isSubtracted: boolean; because: string } {
  const because = `${chosen} does so.`;
  switch (chosen) {
    case 'AutoEncoder':
      return { name: 'bias', isSubtracted: true, because };
    case 'GatedAutoEncoder':
      return { name: 'decoder_bias', isSubtracted: true, because };
    case 'AutoEncoderNew':
      return { name: 'decoder.bias', isSubtracted: false, because: 'AutoEncoderNew subtracts nothing.' };
    case 'AutoEncoderTopK':
    case 'BatchTopKSAE':
    case 'MatryoshkaBatchTopKSAE':
      return { name: 'b_dec', isSubtracted: true, because };
    case 'JumpReluAutoEncoder': {
      const stated = facts.stated('trainer.apply_b_dec_to_input', 'apply_b_dec_to_input');
      return {
        name: 'b_dec',
        isSubtracted: stated?.value === true,
        because: stated?.because ?? 'JumpReluAutoEncoder subtracts nothing unless it was made to.',
      };
    }
  }
}

async function activationOf(facts: Facts, chosen: DictionaryClass): Promise<Chosen | undefined> {
  const because = `${chosen} does so.`;
  switch (chosen) {
    case 'AutoEncoder':
    case 'AutoEncoderNew':
      return relu(because);
    case 'GatedAutoEncoder':
      return {
        activation: {
          kind: 'gated',
          gateBias: vector(facts, 'gate_bias'),
          magnitudeScale: vector(facts, 'r_mag'),
          magnitudeBias: vector(facts, 'mag_bias'),
        },
        because,
      };
    case 'AutoEncoderTopK':
      return topK(facts, (await storedK(facts)) ?? facts.stated('trainer.k', 'k'), { relu: true });
    case 'BatchTopKSAE':
    case 'MatryoshkaBatchTopKSAE':
      return batchTopK(facts);
    case 'JumpReluAutoEncoder':
      return { activation: { kind: 'jumprelu', threshold: vector(facts, 'threshold'), relu: true }, because };
  }
}

async function batchTopK(facts: Facts): Promise<Chosen | undefined> {
  const [stored] = facts.has('threshold') ? await facts.numbers('threshold') : [];
  const isSet = stored !== undefined && stored >= 0;
  const known = isSet
    ? { value: stored, because: 'At inference it keeps what lies above its stored “threshold”.' }
    : askThreshold(
        facts,
        stored === undefined
          ? 'This is a batch-top-k dictionary without a “threshold”.'
          : `Its “threshold” is ${stored}: it was never set in training.`,
      );
  if (known === undefined) return undefined;
  return { activation: { kind: 'jumprelu', threshold: known.value, relu: true }, because: known.because };
}
