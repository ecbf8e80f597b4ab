/**
 * How tokens, and other positions along an input, are told to persons: counted from 1. Programs, `position` in exports and
 * formulas count from 0; what turns one into the other stands here alone.
 */

/** The number of the token at a position: the first is token 1. */
export function tokenNumber(position: number): number {
  return position + 1;
}

/** The position of a token that a person gave by its number. */
export function positionOfToken(number: number): number {
  return number - 1;
}
