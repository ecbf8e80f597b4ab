/** What is said of a dictionary that explains something of a value, but little. */
import type { Coder } from './coder.js';

/** Dictionaries in use leave less than this of the variance unexplained where they were trained. */
const POOR = 0.5;

/** Undefined where it explains half of the variance or more. */
export function poorFit(fvu: number, { features, reads }: Pick<Coder, 'features' | 'reads'>): string | undefined {
  if (!(fvu > POOR)) return undefined;
  const square = `It has as many features as it reads numbers (${features}), so that shapes do not tell whether its matrices are stored the other way round: check that, too.`;
  const poor = 'More than half of the variance is not explained: compare with what its makers state.';
  return features === reads.width ? `${poor} ${square}` : poor;
}
