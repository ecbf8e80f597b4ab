import type { FuzzCase, FuzzFormat } from './format.js';
import { mutated } from './mutate.js';
import { seededRandom } from './random.js';

export interface MadeCase {
  readonly file: FuzzCase;
  /** It is a file that the format allows. */
  readonly mustOpen: boolean;
}

/** Of ten files: so many valid ones of odd content, and so many of loose pieces; the others are mutated. */
const VALID_SHARE = 0.1;
const PIECES_SHARE = 0.2;
/** Of the mutated files: those that are no mutations of the corpus, but of valid files of odd content. */
const MUTATED_VALID_SHARE = 0.3;

/** File number `index`: depends on the seed and the number alone. */
export function makeCase(format: FuzzFormat, corpus: readonly FuzzCase[], seed: number, index: number): MadeCase {
  const random = seededRandom(seed, format.name, index);
  if (random.chance(VALID_SHARE)) return { file: format.valid(random), mustOpen: true };
  if (format.pieces !== undefined && random.chance(PIECES_SHARE))
    return { file: format.pieces(random), mustOpen: false };
  const base = random.chance(MUTATED_VALID_SHARE) ? [format.valid(random), ...corpus.slice(0, 1)] : corpus;
  return { file: mutated(base, random, format.boundaries), mustOpen: false };
}
