/**
 * A few tokens for each interval of each feature's activations: of all tokens in the interval those whose hash is lowest,
 * so a sample as good as drawn at random that does not depend on the order of folding or merging.
 */
import { coarser, INTERVALS } from './bins.js';

export const EXAMPLES_PER_INTERVAL = 3;
const PER_FEATURE = INTERVALS * EXAMPLES_PER_INTERVAL;

export interface IntervalExamples {
  /** Row-major [features, {@link INTERVALS}, {@link EXAMPLES_PER_INTERVAL}], lowest hash first; −1 where nothing is. */
  readonly tokens: Int32Array;
  readonly values: Float32Array;
}

export function createIntervalExamples(features: number): IntervalExamples {
  return {
    tokens: new Int32Array(features * PER_FEATURE).fill(-1),
    values: new Float32Array(features * PER_FEATURE),
  };
}

/** An integer hash (Murmur3's last step): neighbouring tokens get unlike numbers, equal ones the same. */
export function tokenHash(token: number): number {
  let hash = token | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** @param hash that of the token, which is the same for all features. */
export function addExample(
  examples: IntervalExamples,
  feature: number,
  interval: number,
  token: number,
  value: number,
  hash: number,
): void {
  const { tokens, values } = examples;
  const first = feature * PER_FEATURE + interval * EXAMPLES_PER_INTERVAL;
  const isBefore = (slot: number): boolean => {
    const held = tokens[slot] as number;
    return held === -1 || hash < tokenHash(held);
  };
  let slot = first + EXAMPLES_PER_INTERVAL - 1;
  if (!isBefore(slot)) return;
  for (; slot > first && isBefore(slot - 1); slot--) {
    tokens[slot] = tokens[slot - 1] as number;
    values[slot] = values[slot - 1] as number;
  }
  tokens[slot] = token;
  values[slot] = value;
}

/** Adds a feature's examples of another state; `shift` times two intervals become one. */
export function addExamples(
  into: IntervalExamples,
  feature: number,
  { tokens, values }: IntervalExamples,
  shift: number,
): void {
  for (let place = 0; place < PER_FEATURE; place++) {
    const token = tokens[feature * PER_FEATURE + place] as number;
    if (token === -1) continue;
    const interval = coarser(Math.floor(place / EXAMPLES_PER_INTERVAL), shift);
    const value = values[feature * PER_FEATURE + place] as number;
    addExample(into, feature, interval, token, value, tokenHash(token));
  }
}

/** Makes intervals wider, in place. */
export function widenIntervals(examples: IntervalExamples, feature: number, shift: number): void {
  const [first, end] = [feature * PER_FEATURE, (feature + 1) * PER_FEATURE];
  const held = { tokens: examples.tokens.slice(first, end), values: examples.values.slice(first, end) };
  examples.tokens.fill(-1, first, end);
  examples.values.fill(0, first, end);
  for (let place = 0; place < PER_FEATURE; place++) {
    const token = held.tokens[place] as number;
    if (token === -1) continue;
    const interval = coarser(Math.floor(place / EXAMPLES_PER_INTERVAL), shift);
    addExample(examples, feature, interval, token, held.values[place] as number, tokenHash(token));
  }
}

export interface Example {
  readonly token: number;
  readonly value: number;
}

/** Of one feature, by interval, in the order of the text. */
export function examplesOf({ tokens, values }: IntervalExamples, feature: number): readonly (readonly Example[])[] {
  return Array.from({ length: INTERVALS }, (_, interval) => {
    const first = feature * PER_FEATURE + interval * EXAMPLES_PER_INTERVAL;
    return Array.from({ length: EXAMPLES_PER_INTERVAL }, (_, slot) => ({
      token: tokens[first + slot] as number,
      value: values[first + slot] as number,
    }))
      .filter(({ token }) => token !== -1)
      .sort((a, b) => a.token - b.token);
  });
}
