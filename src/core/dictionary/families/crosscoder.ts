/**
 * Crosscoders: ckkissane’s (W_enc [models, d, F]) and those of jkminder’s dictionary_learning (encoder.weight
 * [places, d, F], decoder.weight [places, F, d]); formats 2.8.
 */
import type { Coder, DecoderNorm, Normalisation } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  askThreshold,
  between,
  decideActivation,
  decideNormalisation,
  decideSubtracted,
  matrix,
  relu,
  unread,
  vector,
  type Chosen,
} from './parts.js';

export async function crosscoder(facts: Facts): Promise<Coder | undefined> {
  const isLinear = facts.has('encoder.weight');
  const encoder = isLinear ? matrix(facts, 'encoder.weight', 2) : matrix(facts, 'W_enc', 2);
  const decoder = isLinear ? matrix(facts, 'decoder.weight', 1) : matrix(facts, 'W_dec', 0);
  const reads = encoder.tensor.dims[0] ?? 1;
  const writes = decoder.tensor.dims[isLinear ? 0 : 1] ?? 1;
  const chosen = await activationOf(facts);
  if (chosen === undefined) return undefined;
  decideActivation(facts, chosen);
  decideSubtracted(facts, undefined, 'Crosscoders subtract nothing.');
  const normalisation: Normalisation = facts.has('activation_global_scale')
    ? { kind: 'standardise', mean: vector(facts, 'activation_mean'), scale: vector(facts, 'activation_global_scale') }
    : { kind: 'none' };
  decideNormalisation(
    facts,
    normalisation,
    normalisation.kind === 'none'
      ? 'The file has none. Crosscoders are often trained on scaled activations, and the factors are not in it: compare them.'
      : 'The file has the mean and the scale of its training data.',
  );
  return {
    ...between(facts, encoder, decoder, { reads, writes }),
    encoderBias: vector(facts, isLinear ? 'encoder.bias' : 'b_enc'),
    added: { vector: vector(facts, isLinear ? 'decoder.bias' : 'b_dec') },
    activation: chosen.activation,
    normalisation,
    ...(chosen.decoderNorm === undefined ? {} : { decoderNorm: chosen.decoderNorm }),
  };
}

/** Batch-top-k ones compare features times the norms of their decoders with a threshold. */
async function activationOf(facts: Facts): Promise<(Chosen & { decoderNorm?: DecoderNorm }) | undefined> {
  if (!facts.has('threshold')) return relu('Crosscoders without a threshold use ReLU.');
  const decoderNorm = codeNormalisation(facts);
  const [stored = -1] = await facts.numbers('threshold');
  const known =
    stored >= 0
      ? { value: stored, because: 'At inference it keeps what lies above its stored “threshold”.' }
      : askThreshold(facts, `Its “threshold” is ${stored}: it was never set in training.`);
  if (known === undefined || decoderNorm === undefined) return undefined;
  return { activation: { kind: 'jumprelu', threshold: known.value, relu: true }, because: known.because, decoderNorm };
}

function codeNormalisation(facts: Facts): DecoderNorm | undefined {
  const known =
    facts.stated('code_normalization') ??
    facts.ask({
      switch: 'code-normalisation',
      text: 'By which norm of the decoder are features compared with the threshold? “code_normalization” in the missing “config.json” says so.',
      choices: [
        { value: 'CROSSCODER', text: 'CROSSCODER: the sum of the norms at each place' },
        { value: 'SAE', text: 'SAE: the norm over all places at once' },
        { value: 'NONE', text: 'NONE: by none' },
      ],
    });
  if (known === undefined) return undefined;
  const use = String(known.value).toUpperCase();
  facts.decide('Norms of the decoder', use, known.because);
  if (use === 'NONE') return { use: 'none' };
  if (use === 'CROSSCODER') return { use: 'ranks', over: 'each place' };
  if (use === 'SAE') return { use: 'ranks', over: 'all places' };
  throw unread('Its code normalisation', use, 'CROSSCODER, SAE and NONE are.');
}
