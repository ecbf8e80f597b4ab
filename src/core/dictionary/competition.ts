/**
 * Where features compete (top-k, the largest of a group), what a token’s features had to reach to be kept: then it takes
 * no others to know one of them again.
 */
import type { Coder } from './coder.js';

export interface Competition {
  /** Features compete within neighbouring groups of equal size; 1: all with all. */
  readonly groups: number;
  /** By magnitude, signs kept. */
  readonly magnitude: boolean;
  /** @param features row-major [tokens, features]. @returns [tokens, groups]; −∞ where all that are not 0 were kept. */
  floors(features: Float32Array): Float32Array;
}

export function competes({ activation: { kind } }: Pick<Coder, 'activation'>): boolean {
  return kind === 'topk' || kind === 'groupmax';
}

/** Undefined where features do not compete, or by something else than what they are (ranked by their decoder’s norms). */
export function competitionOf({ activation, features, decoderNorm }: Coder): Competition | undefined {
  if (decoderNorm.use === 'ranks') return undefined;
  switch (activation.kind) {
    case 'topk': {
      const { k, magnitude } = activation;
      return { groups: 1, magnitude, floors: (all) => smallestOfK(all, features, k, magnitude) };
    }
    case 'groupmax': {
      const { groups } = activation;
      return { groups, magnitude: false, floors: (all) => largestOfGroups(all, features / groups) };
    }
    default:
      return undefined;
  }
}

function smallestOfK(all: Float32Array, features: number, k: number, magnitude: boolean): Float32Array {
  return Float32Array.from({ length: all.length / features }, (_, token) => {
    let [kept, least] = [0, Infinity];
    for (let at = token * features; at < (token + 1) * features; at++) {
      const value = all[at] as number;
      if (value === 0) continue;
      kept++;
      least = Math.min(least, magnitude ? Math.abs(value) : value);
    }
    return kept < k ? -Infinity : least;
  });
}

function largestOfGroups(all: Float32Array, size: number): Float32Array {
  return Float32Array.from({ length: all.length / size }, (_, group) => {
    let most = 0;
    for (let at = group * size; at < (group + 1) * size; at++) most = Math.max(most, all[at] as number);
    return most;
  });
}

/** Of what is at the floor itself, an engine may make a little less when it computes one feature alone. */
const ROUNDING = 1e-5;

/**
 * What is left of one feature’s values, had the others been there. @param values [tokens], each before it competes.
 * @param floors [tokens, groups], see {@link Competition}. @param group that the feature is of.
 */
export function keptOf(
  values: Float32Array,
  floors: Float32Array,
  { groups, magnitude }: Competition,
  group: number,
): Float32Array {
  return values.map((value, token) => {
    const floor = floors[token * groups + group] as number;
    const reached = magnitude ? Math.abs(value) : value;
    return reached >= floor - ROUNDING * Math.abs(floor) ? value : 0;
  });
}
