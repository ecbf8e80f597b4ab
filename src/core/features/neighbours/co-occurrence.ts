/** At how many tokens one feature and each other fire together, f > 0 strictly, streamed. */
import { createCounts, type Counts } from '../../summary/counts.js';

export interface CoOccurrence {
  /** Tokens at which the feature fires. */
  own: number;
  /** By feature: tokens at which it fires, and at which both do. */
  readonly fired: Counts;
  readonly both: Counts;
}

export function coOccurrence(features: number): CoOccurrence {
  return { own: 0, fired: createCounts(features), both: createCounts(features) };
}

/** @param own the feature at each token. @param activations row-major [tokens, features]. */
export function addCoOccurrence(into: CoOccurrence, own: Float32Array, activations: Float32Array): void {
  const { fired, both } = into;
  const features = fired.length;
  let at = 0;
  for (const f of own) {
    const isOwn = f > 0;
    if (isOwn) into.own++;
    for (let feature = 0; feature < features; feature++, at++) {
      if (!((activations[at] as number) > 0)) continue;
      fired[feature] = (fired[feature] as number) + 1;
      if (isOwn) both[feature] = (both[feature] as number) + 1;
    }
  }
}

/** Tokens at which either fires. */
export function eitherFires({ own, fired, both }: CoOccurrence, feature: number): number {
  return own + (fired[feature] as number) - (both[feature] as number);
}

/** Tokens at which both fire over tokens at which either does (formats 5, “Neighbours”); NaN where neither ever does. */
export function jaccard(counts: CoOccurrence): Float64Array {
  return Float64Array.from(counts.both, (together, feature) => together / eitherFires(counts, feature));
}
