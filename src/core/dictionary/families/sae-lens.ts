/**
 * SAELens, configurations of version 6 and older (jbloomAus/SAELens, sae_lens/saes and
 * loading/pretrained_sae_loaders.py; formats 2.1).
 */
import type { Coder, Normalisation } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  askScale,
  between,
  decideActivation,
  decideNormalisation,
  decideSubtracted,
  matrix,
  relu,
  SCALED_BY_DECODER,
  topK,
  unread,
  unsupported,
  vector,
  type Chosen,
} from './parts.js';

const ARCHITECTURES = [
  'standard',
  'topk',
  'jumprelu',
  'gated',
  'transcoder',
  'skip_transcoder',
  'jumprelu_transcoder',
] as const;
type Architecture = (typeof ARCHITECTURES)[number];

export async function saeLens(facts: Facts): Promise<Coder | undefined> {
  const architecture = architectureOf(facts);
  const isTranscoder = architecture.endsWith('transcoder');
  await refuseScalingFactors(facts);
  const subtracted = subtractedOf(facts, isTranscoder);
  const chosen = activationOf(facts, architecture);
  const normalisation = normalisationOf(facts, isTranscoder);
  if (chosen === undefined || normalisation === undefined) return undefined;
  decideActivation(facts, chosen);
  const isRescaled = facts.stated('rescale_acts_by_decoder_norm');
  const scales = architecture === 'topk' && isRescaled?.value === true;
  if (isRescaled !== undefined && scales)
    facts.decide('Norms of the decoder', 'multiply the features', isRescaled.because);
  const encoder = matrix(facts, 'W_enc', 1);
  const decoder = matrix(facts, 'W_dec', 0);
  return {
    ...between(facts, encoder, decoder),
    ...(architecture === 'gated' ? {} : { encoderBias: vector(facts, 'b_enc') }),
    ...(subtracted ? { subtracted: vector(facts, 'b_dec') } : {}),
    added: { vector: vector(facts, 'b_dec') },
    activation: chosen.activation,
    normalisation,
    ...(scales ? { decoderNorm: SCALED_BY_DECODER } : {}),
    // One without it is broken: that its tensor is missing is said.
    ...(architecture === 'skip_transcoder'
      ? { skip: { tensor: vector(facts, 'W_skip').tensor, transposed: true } }
      : {}),
  };
}

function architectureOf(facts: Facts): Architecture {
  const stated = facts.stated('architecture');
  if (stated !== undefined) {
    const name = String(stated.value);
    const known = ARCHITECTURES.find((each) => each === name);
    if (known === undefined) {
      throw unread(
        'SAELens’s architecture',
        name,
        `These are: ${ARCHITECTURES.join(', ')}. Batch-top-k dictionaries are saved as jumprelu.`,
      );
    }
    facts.decide('Architecture', known, stated.because);
    return known;
  }
  const activation = facts.stated('activation_fn', 'activation_fn_str');
  const isTopK = activation?.value === 'topk';
  const old = isTopK ? 'topk' : 'standard';
  facts.decide('Architecture', old, activation?.because ?? 'Configurations without one are standard.');
  return old;
}

/** Only dictionaries that were tuned afterwards have factors that are not 1. */
async function refuseScalingFactors(facts: Facts): Promise<void> {
  if (!facts.has('scaling_factor')) return;
  const factors = await facts.numbers('scaling_factor');
  if (factors.every((factor) => factor === 1)) return;
  throw unsupported(
    'Its “scaling_factor” is not 1 everywhere: the features of this dictionary were scaled after training, which SAELens no longer reads either.',
    'Multiply the rows of W_dec by it, set it to 1, and save the dictionary again.',
  );
}

function subtractedOf(facts: Facts, isTranscoder: boolean): boolean {
  if (isTranscoder) {
    decideSubtracted(facts, undefined, 'SAELens’s transcoders subtract nothing.');
    return false;
  }
  const stated = facts.stated('apply_b_dec_to_input');
  const subtracts = stated?.value !== false;
  const because = stated?.because ?? 'SAELens subtracts it unless “apply_b_dec_to_input” says otherwise.';
  decideSubtracted(facts, subtracts ? 'b_dec' : undefined, because);
  return subtracts;
}

function activationOf(facts: Facts, architecture: Architecture): Chosen | undefined {
  const because = `The architecture is ${architecture}.`;
  switch (architecture) {
    case 'topk':
      return topK(facts, facts.stated('k', 'activation_fn_kwargs.k'), { relu: true });
    case 'jumprelu':
    case 'jumprelu_transcoder':
      return { activation: { kind: 'jumprelu', threshold: vector(facts, 'threshold'), relu: true }, because };
    case 'gated': {
      const [gateBias, magnitudeScale, magnitudeBias] = ['b_gate', 'r_mag', 'b_mag'].map((name) => vector(facts, name));
      if (gateBias === undefined || magnitudeScale === undefined || magnitudeBias === undefined) return undefined;
      return { activation: { kind: 'gated', gateBias, magnitudeScale, magnitudeBias }, because };
    }
    case 'standard':
    case 'transcoder':
    case 'skip_transcoder': {
      const stated = facts.stated('activation_fn', 'activation_fn_str');
      if (stated === undefined || stated.value === 'relu') return relu(stated?.because ?? because);
      throw unread('Its activation function', stated.value, 'Standard dictionaries with ReLU, and top-k ones, are.');
    }
  }
}

function normalisationOf(facts: Facts, isTranscoder: boolean): Normalisation | undefined {
  const stated = facts.stated('normalize_activations');
  const because = stated?.because ?? 'SAELens normalises nothing unless “normalize_activations” says so.';
  const decide = (normalisation: Normalisation, why = because): Normalisation => {
    decideNormalisation(facts, normalisation, why);
    return normalisation;
  };
  const undone = !isTranscoder;
  const mode = stated?.value ?? 'none';
  if (mode === 'none' || mode === false || mode === 'None') return decide({ kind: 'none' });
  if (mode === 'constant_norm_rescale') return decide({ kind: 'unit-norm', undone });
  if (mode === 'layer_norm') return decide({ kind: 'layer-norm', undone });
  if (mode === true || mode === 'expected_average_only_in') {
    const factor = facts.stated('scaling_factor', 'norm_scaling_factor');
    const known =
      typeof factor?.value === 'number' && factor.value > 0
        ? { value: factor.value, because: factor.because }
        : askScale(
            facts,
            'input-scale',
            'The dictionary expects activations scaled to an average norm of √d, and no “activation_scaler.json” beside it says by which factor. √d divided by the average norm of the activations; 1 where it is in the weights already.',
          );
    if (known === undefined) return undefined;
    const output = isTranscoder ? 1 : 1 / known.value;
    return decide({ kind: 'scale', input: known.value, output }, `${because} ${known.because}`);
  }
  throw unread('Its normalisation', mode, 'None, expected_average_only_in, constant_norm_rescale and layer_norm are.');
}
