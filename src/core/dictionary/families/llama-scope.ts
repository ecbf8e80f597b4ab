/** Llama Scope (OpenMOSS), of its first release and of the R1 one (formats 2.8). */
import type { Coder, Normalisation } from '../coder.js';
import type { Facts, Known } from '../facts.js';
import {
  askScale,
  askThreshold,
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
import { byAverageNorms, withoutAverageNorms } from './average-norms.js';

export async function llamaScope(facts: Facts): Promise<Coder | undefined> {
  const encoder = matrix(facts, 'encoder.weight', 0);
  const decoder = matrix(facts, 'decoder.weight', 1);
  const chosen = activationOf(facts);
  const normalisation = normalisationOf(facts, encoder.width, decoder.width);
  if (chosen === undefined || normalisation === undefined) return undefined;
  decideActivation(facts, chosen);
  decideNormalisation(facts, normalisation.value, normalisation.because);
  decideSubtracted(facts, undefined, 'Llama Scope subtracts nothing.');
  const ranks = facts.stated('sparsity_include_decoder_norm');
  if (ranks?.value === true) facts.decide('Norms of the decoder', 'decide which features fire', ranks.because);
  return {
    ...between(facts, encoder, decoder),
    encoderBias: vector(facts, 'encoder.bias'),
    ...(facts.has('decoder.bias') ? { added: { vector: vector(facts, 'decoder.bias') } } : {}),
    activation: chosen.activation,
    normalisation: normalisation.value,
    ...(ranks?.value === true ? { decoderNorm: { use: 'ranks', over: 'all places' } } : {}),
  };
}

function activationOf(facts: Facts): Chosen | undefined {
  if (facts.has('log_jumprelu_threshold')) {
    return {
      activation: { kind: 'jumprelu', threshold: vector(facts, 'log_jumprelu_threshold', true), relu: false },
      because: 'The file has the logarithm of the thresholds.',
    };
  }
  const kind = facts.stated('act_fn');
  if (kind?.value === 'relu') return relu(kind.because);
  if (kind?.value === 'topk') return topK(facts, facts.stated('top_k'), { relu: true });
  if (kind !== undefined && kind.value !== 'jumprelu')
    throw unread('Its activation function', kind.value, 'jumprelu, topk and relu are.');
  const stated = facts.stated('jump_relu_threshold');
  const known =
    typeof stated?.value === 'number'
      ? { value: stated.value, because: stated.because }
      : askThreshold(
          facts,
          'Llama Scope has one threshold for all features, “jump_relu_threshold” in its “hyperparams.json”, which lies in the folder above and is not read from there.',
        );
  return known && { activation: { kind: 'jumprelu', threshold: known.value, relu: false }, because: known.because };
}

function normalisationOf(facts: Facts, inputWidth: number, outputWidth: number): Known<Normalisation> | undefined {
  const known = withoutAverageNorms(facts);
  if (known !== undefined) return known;
  const norm = (side: 'in' | 'out'): Known<number> | undefined => {
    const stated = facts.stated(`dataset_average_activation_norm.${side}`);
    if (typeof stated?.value === 'number' && stated.value > 0) return { value: stated.value, because: stated.because };
    return askScale(
      facts,
      side === 'in' ? 'input-scale' : 'output-scale',
      `What is the average norm of the activations that it ${side === 'in' ? 'reads' : 'writes'}? “dataset_average_activation_norm.${side}” in its “hyperparams.json” says so.`,
    );
  };
  const [input, output] = [norm('in'), norm('out')];
  if (input === undefined || output === undefined) return undefined;
  return byAverageNorms(input, output, { input: inputWidth, output: outputWidth });
}
