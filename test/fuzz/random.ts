import { randomStream } from '../../src/core/dataset/random.js';

/** Choices that depend on a seed, a name and a number alone, so that every file can be made again. */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  bytes(length: number): Uint8Array;
  /** The choices in another order. */
  shuffled<T>(choices: readonly T[]): T[];
}

export function seededRandom(seed: number, name: string, index: number): Random {
  const next = randomStream(seed, name, index);
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => next() < probability,
    pick<T>(choices: readonly T[]): T {
      if (choices.length === 0) throw new Error('There is nothing to pick from.');
      return choices[below(choices.length)] as T;
    },
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
    shuffled<T>(choices: readonly T[]): T[] {
      const rest = [...choices];
      return choices.map(() => rest.splice(below(rest.length), 1)[0] as T);
    },
  };
}
