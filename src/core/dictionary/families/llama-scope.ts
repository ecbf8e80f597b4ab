/** Llama Scope (OpenMOSS), of its first release and of the R1 one (formats 2.8). */
import type { Coder, Normalisation } from '../coder.js';
import type { Facts, Known } from '../facts.js';
import {
  askScale,
  askThreshold,
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

export async function llamaScope(facts: Facts): Promise<Coder | undefined> {
  const { features, kind, family } = facts.dictionary;
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
    ...PLAIN,
    kind,
    family,
    features,
    reads: { places: 1, width: encoder.width },
    writes: { places: 1, width: decoder.width },
    encoder,
    decoder,
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
    throw unsupported(
      `Its activation function “${String(kind.value).slice(0, 60)}” is not read here.`,
      'jumprelu, topk and relu are.',
    );
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

/** Activations are scaled so that they have an average norm of √d; what comes out, back to what is written. */
function normalisationOf(facts: Facts, inputWidth: number, outputWidth: number): Known<Normalisation> | undefined {
  const mode = facts.stated('norm_activation');
  if (mode?.value === 'inference') return { value: { kind: 'none' }, because: mode.because };
  if (mode?.value === 'token-wise') return { value: { kind: 'unit-norm', undone: true }, because: mode.because };
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
  return {
    value: { kind: 'scale', input: Math.sqrt(inputWidth) / input.value, output: output.value / Math.sqrt(outputWidth) },
    because: `${input.because} ${output.because}`,
  };
}
