/** Llama Scope (OpenMOSS), of its first release and of the R1 one (formats 2.8). */
import type { Coder, DecoderNorm, Normalisation } from '../coder.js';
import type { Facts, Known } from '../facts.js';
import {
  askScale,
  askThreshold,
  between,
  decideActivation,
  decideNormalisation,
  matrix,
  relu,
  topK,
  unread,
  vector,
  type Chosen,
} from './parts.js';
import { subtractedDecoderBias } from './decoder-bias.js';
import { byAverageNorms, withoutAverageNorms } from './average-norms.js';

export async function llamaScope(facts: Facts): Promise<Coder | undefined> {
  const encoder = matrix(facts, 'encoder.weight', 0);
  const decoder = matrix(facts, 'decoder.weight', 1);
  const chosen = activationOf(facts);
  const normalisation = normalisationOf(facts, encoder.width, decoder.width);
  const decoderNorm = decoderNormOf(facts, chosen);
  if (chosen === undefined || normalisation === undefined || decoderNorm === undefined) return undefined;
  decideActivation(facts, chosen);
  decideNormalisation(facts, normalisation.value, normalisation.because);
  return {
    ...between(facts, encoder, decoder),
    ...subtractedDecoderBias(facts, 'decoder.bias', 'Llama Scope subtracts nothing.'),
    encoderBias: vector(facts, 'encoder.bias'),
    ...(facts.has('decoder.bias') ? { added: { vector: vector(facts, 'decoder.bias') } } : {}),
    activation: chosen.activation,
    normalisation: normalisation.value,
    decoderNorm,
  };
}

/** Which features are above the threshold, or among the k largest, hangs on it; ReLU does not. */
function decoderNormOf(facts: Facts, chosen: Chosen | undefined): DecoderNorm | undefined {
  if (chosen?.activation.kind === 'relu') return { use: 'none' };
  const known =
    facts.stated('sparsity_include_decoder_norm') ??
    facts.ask({
      switch: 'decoder-norm',
      text: 'Is each feature multiplied by the norm of its decoder before it is compared with others or with the threshold? “sparsity_include_decoder_norm” in its “hyperparams.json” or “config.json” says so.',
      choices: [
        { value: 'yes', text: 'Yes, by the norm of its decoder (true)' },
        { value: 'no', text: 'No, as it is (false)' },
      ],
    });
  if (known === undefined) return undefined;
  const ranks = known.value === true || known.value === 'yes';
  facts.decide('Norms of the decoder', ranks ? 'decide which features fire' : 'play no part', known.because);
  return ranks ? { use: 'ranks', over: 'all places' } : { use: 'none' };
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
          'Llama Scope has one threshold for all features: “jump_relu_threshold” in its “hyperparams.json”, which is looked for beside the file and, where that lies in a folder “checkpoints”, in the folder above.',
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
