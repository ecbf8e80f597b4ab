/** How a value is taken that a dictionary reads, in words. */
import type { Variant } from '../../src/protocol/features.js';

/** Behind the name of the value. */
export const TAKEN: Readonly<Record<Variant, string>> = {
  'as it is': '',
  centred: ', less its mean',
  'before the gain': ', before its gain and bias',
};

/** What that means for all numbers; undefined of a value as it is. */
export function readingNote(variant: Variant): string | undefined {
  switch (variant) {
    case 'as it is':
      return undefined;
    case 'centred':
      return 'The dictionary reads what is left of each row when the mean of its numbers is taken away: it fits that best.';
    case 'before the gain':
      return 'The dictionary reads what the normalisation gives before it multiplies with its gain and adds its bias: it fits that best.';
  }
}

/** What changing features does where the dictionary writes a variant; undefined where it writes a value as it is. */
export function changingNote(variant: Variant): string | undefined {
  switch (variant) {
    case 'as it is':
      return undefined;
    case 'centred':
      return 'The mean that was taken away from x is kept: the change is added to the whole value.';
    case 'before the gain':
      return 'x is what the normalisation gives before its gain and bias: both then act on the changed x′ as they would on x.';
  }
}
