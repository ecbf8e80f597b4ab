/** What stands beside every number of a dictionary that rests on few tokens, or few places of pictures. */

/** Below this, means over tokens say little. */
const FEW = 1000;
/** Tokens per feature below which shares and dead features say little. */
const FEW_PER_FEATURE = 10;

export interface FewPlaces {
  /** “only 10 tokens for 192 features”: goes beside a number or into a title. */
  readonly short: string;
  /** A whole sentence, and what follows from it. */
  readonly sentence: string;
}

/**
 * @param seen how many the numbers rest on. @param words for one of them, and several.
 * @param features of the dictionary, where the numbers are those of single features.
 * @returns undefined where they are enough.
 */
export function fewPlaces(
  seen: number,
  { one, many }: { readonly one: string; readonly many: string },
  features?: number,
): FewPlaces | undefined {
  const count = (value: number): string => value.toLocaleString('en-US');
  const counted = `${count(seen)} ${seen === 1 ? one : many}`;
  const were = seen === 1 ? 'was' : 'were';
  if (features !== undefined && seen < FEW_PER_FEATURE * features) {
    return {
      short: `only ${counted} for ${count(features)} features`,
      sentence: `Only ${counted} ${were} seen for ${count(features)} features: a feature that fires on fewer than one in ${count(seen)} looks dead, and shares are rough.`,
    };
  }
  if (seen >= FEW) return undefined;
  return {
    short: `only ${counted}`,
    sentence: `Only ${counted} ${were} seen: other inputs may give quite other numbers.`,
  };
}
