/** Where the largest entries of a point of the residual stream lie, in words: at which token and at which position. */
import { displayText, onOneLine } from '../display-text.js';
import type { PointMagnitudes } from './point-magnitudes.js';
import { count, singular } from './words.js';

/** What most inputs have in common, and how many of them. */
export interface CommonPlace {
  /** "“<s>”", "3rd token". */
  readonly name: string;
  readonly inputs: number;
}

/** What was counted most often, of ties the first; undefined where nothing was. */
export function mostOften<Key>(tally: Iterable<readonly [Key, number]>): readonly [Key, number] | undefined {
  let most: readonly [Key, number] | undefined;
  for (const each of tally) if (most === undefined || each[1] > most[1]) most = each;
  return most;
}

const ordinals = new Intl.PluralRules('en-US', { type: 'ordinal' });
const SUFFIX: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd', other: 'th' };

/** Of a token’s text. */
const MOST_CHARACTERS = 80;

/** By its text; undefined where the inputs are no texts. */
export function commonToken({ largestTokens }: PointMagnitudes): CommonPlace | undefined {
  const most = mostOften(largestTokens);
  return most && { name: `“${displayText(onOneLine(most[0]), MOST_CHARACTERS)}”`, inputs: most[1] };
}

/** Undefined where a point has no positions. */
export function commonPosition({ point, largestPositions }: PointMagnitudes): CommonPlace | undefined {
  const most = mostOften(largestPositions);
  if (point.positionWord === undefined || most === undefined) return undefined;
  const number = most[0] + 1;
  const suffix = SUFFIX[ordinals.select(number)] ?? 'th';
  return { name: `${count(number)}${suffix} ${singular(point.positionWord)}`, inputs: most[1] };
}

/** "most often at the token “<s>” (28 of 30 inputs), at the 1st token (27 of 30)"; empty where there is nothing to say. */
export function placesText(point: PointMagnitudes): string {
  const [token, position] = [commonToken(point), commonPosition(point)];
  const places = [
    ...(token === undefined ? [] : [{ ...token, name: `token ${token.name}` }]),
    ...(position === undefined ? [] : [position]),
  ];
  const texts = places.map(
    ({ name, inputs }, at) =>
      `at the ${name} (${count(inputs)} of ${count(point.inputs)}${at === 0 ? ` input${point.inputs === 1 ? '' : 's'}` : ''})`,
  );
  return texts.length === 0 ? '' : `most often ${texts.join(' and ')}`;
}
