/** Llamascopium, formerly lm-saes (OpenMOSS/Language-Model-SAEs, llamascopium/models; formats 2.8). */
import type { Coder, Normalisation } from '../coder.js';
import type { Facts, Known } from '../facts.js';
import {
  askScale,
  between,
  decideActivation,
  decideNormalisation,
  matrix,
  optionalVector,
  relu,
  topK,
  unread,
  vector,
  type Chosen,
} from './parts.js';
import { subtractedDecoderBias } from './decoder-bias.js';
import { byAverageNorms, withoutAverageNorms } from './average-norms.js';

const THRESHOLD = 'activation_function.log_jumprelu_threshold';
const NORM = 'dataset_average_activation_norm.';

export async function llamascopium(facts: Facts): Promise<Coder | undefined> {
  const type = facts.stated('sae_type');
  if (type !== undefined && type.value !== 'sae')
    throw unread('Llamascopium’s', type.value, 'Its autoencoders and transcoders (sae) are.');
  const encoder = matrix(facts, 'W_E', 1);
  const decoder = matrix(facts, 'W_D', 0);
  const chosen = activationOf(facts);
  const normalisation = await normalisationOf(facts, encoder.width, decoder.width);
  if (chosen === undefined || normalisation === undefined) return undefined;
  decideActivation(facts, chosen);
  decideNormalisation(facts, normalisation.value, normalisation.because);
  const stated = facts.stated('sparsity_include_decoder_norm');
  const ranks = stated?.value !== false;
  facts.decide(
    'Norms of the decoder',
    ranks ? 'decide which features fire' : 'play no part',
    stated?.because ?? 'Llamascopium does so unless “sparsity_include_decoder_norm” says otherwise.',
  );
  const added = optionalVector(facts, 'b_D');
  return {
    ...between(facts, encoder, decoder),
    ...subtractedDecoderBias(facts, 'b_D', 'Llamascopium subtracts nothing.'),
    encoderBias: vector(facts, 'b_E'),
    ...(added === undefined ? {} : { added: { vector: added } }),
    activation: chosen.activation,
    normalisation: normalisation.value,
    ...(ranks ? { decoderNorm: { use: 'ranks', over: 'all places' } } : {}),
    ...(facts.has('W_E_glu') ? { glu: { encoder: matrix(facts, 'W_E_glu', 1), bias: vector(facts, 'b_E_glu') } } : {}),
  };
}

function activationOf(facts: Facts): Chosen | undefined {
  if (facts.has(THRESHOLD)) {
    const threshold = vector(facts, THRESHOLD, true);
    return {
      activation: { kind: 'jumprelu', threshold, relu: false },
      because: 'The file has the logarithm of the thresholds.',
    };
  }
  const stated = facts.stated('act_fn');
  const name = String(stated?.value ?? '').toLowerCase();
  if (name === 'relu') return relu(stated?.because ?? '');
  if (name === 'topk') return topK(facts, facts.stated('top_k'), { relu: true });
  if (stated !== undefined) {
    throw unread(
      'Its activation function',
      name,
      'relu, jumprelu and topk are; convert batchtopk to jumprelu, as Llamascopium does for inference.',
    );
  }
  const answer = facts.ask({
    switch: 'activation',
    text: 'Which activation function has it? “act_fn” in the missing “config.json” says so.',
    choices: [
      { value: 'relu', text: 'ReLU' },
      { value: 'topk', text: 'The k largest of ReLU' },
    ],
  });
  if (answer === undefined) return undefined;
  return answer.value === 'topk' ? topK(facts, facts.stated('top_k'), { relu: true }) : relu(answer.because);
}

async function normalisationOf(
  facts: Facts,
  inputWidth: number,
  outputWidth: number,
): Promise<Known<Normalisation> | undefined> {
  const known = withoutAverageNorms(facts);
  if (known !== undefined) return known;
  const mode = facts.stated('norm_activation');
  if (mode !== undefined && mode.value !== 'dataset-wise')
    throw unread('Its normalisation', mode.value, 'dataset-wise, token-wise and inference are.');
  const names = facts.weights.tensors.flatMap(({ name }) => {
    const own = name.slice(facts.dictionary.prefix.length);
    return own.startsWith(NORM) ? [own] : [];
  });
  const norm = async (side: 'in' | 'out'): Promise<Known<number> | undefined> => {
    const hook = facts.stated(`hook_point_${side}`)?.value;
    const name = names.find((each) => each === `${NORM}${String(hook)}`) ?? (names.length === 1 ? names[0] : undefined);
    const [value = NaN] = name === undefined ? [] : await facts.numbers(name);
    if (value > 0) return { value, because: `The file has it as “${name ?? ''}”.` };
    return askScale(
      facts,
      side === 'in' ? 'input-scale' : 'output-scale',
      `What is the average norm of the activations that it ${side === 'in' ? 'reads' : 'writes'}? Neither the file nor a “config.json” beside it says so.`,
    );
  };
  const [input, output] = [await norm('in'), await norm('out')];
  if (input === undefined || output === undefined) return undefined;
  return byAverageNorms(input, output, { input: inputWidth, output: outputWidth });
}
