/** EleutherAI’s sparsify (sparsify/sparse_coder.py, fused_encoder.py; formats 2.2). */
import type { Coder } from '../coder.js';
import type { Facts, Known } from '../facts.js';
import {
  askK,
  between,
  decideActivation,
  decideSubtracted,
  matrix,
  skipOf,
  topK,
  unread,
  unsupported,
  vector,
  type Chosen,
} from './parts.js';

export async function sparsify(facts: Facts): Promise<Coder | undefined> {
  const subtracts = subtractedOf(facts);
  const chosen = activationOf(facts);
  if (subtracts === undefined || chosen === undefined) return undefined;
  decideActivation(facts, chosen);
  const encoder = matrix(facts, 'encoder.weight', 0);
  const decoder = matrix(facts, 'W_dec', 0);
  return {
    ...between(facts, encoder, decoder),
    encoderBias: vector(facts, 'encoder.bias'),
    ...(subtracts ? { subtracted: vector(facts, 'b_dec') } : {}),
    added: { vector: vector(facts, 'b_dec') },
    activation: chosen.activation,
    ...skipOf(facts, 'W_skip', { transposed: true }),
  };
}

function subtractedOf(facts: Facts): boolean | undefined {
  const stated = facts.stated('transcode');
  const known: Known<boolean> | undefined =
    stated === undefined && !facts.isConfigured
      ? asked(facts)
      : {
          value: stated?.value !== true,
          because: stated?.because ?? 'Its configuration does not say “transcode”, so it is an autoencoder.',
        };
  if (known === undefined) return undefined;
  const before = 'Transcoders saved before 12 February 2025 (sparsify’s pull request 49) subtracted it as well.';
  decideSubtracted(
    facts,
    known.value ? 'b_dec' : undefined,
    known.value ? known.because : `${known.because} ${before}`,
  );
  return known.value;
}

function asked(facts: Facts): Known<boolean> | undefined {
  const answer = facts.ask({
    switch: 'subtract',
    text: 'Was it trained to give back its own input (an autoencoder) or another value (a transcoder)? Its “cfg.json” is not beside it; there, “transcode” says so.',
    choices: [
      { value: 'yes', text: 'An autoencoder: b_dec is subtracted from the input' },
      { value: 'no', text: 'A transcoder: nothing is subtracted' },
    ],
  });
  return answer === undefined ? undefined : { value: answer.value === 'yes', because: answer.because };
}

function activationOf(facts: Facts): Chosen | undefined {
  const kind = facts.stated('activation');
  if (kind?.value === 'groupmax') return groupMax(facts, kind.because);
  if (kind !== undefined && kind.value !== 'topk') {
    throw unread('Its activation function', kind.value, 'topk and groupmax are.');
  }
  const isSigned = facts.stated('signed')?.value === true;
  return topK(facts, facts.stated('k'), { relu: !isSigned, magnitude: isSigned });
}

function groupMax(facts: Facts, because: string): Chosen | undefined {
  const { features } = facts.dictionary;
  const stated = facts.stated('k');
  const groups = typeof stated?.value === 'number' ? stated.value : askK(facts)?.value;
  if (groups === undefined) return undefined;
  if (!Number.isInteger(groups) || groups < 1 || features % groups !== 0) {
    throw unsupported(`${features} features are no ${groups} groups of the same size.`, 'Check k in its “cfg.json”.');
  }
  return { activation: { kind: 'groupmax', groups }, because: `${because} ${stated?.because ?? ''}`.trim() };
}
