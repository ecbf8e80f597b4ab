/**
 * How tokens, other positions along an input, and inputs are numbered for persons: from 1. Programs, `position` and `index`
 * in exports, and formulas count from 0; what turns one into the other stands here alone.
 */

/** The number of the token at a position: the first is token 1. */
export function tokenNumber(position: number): number {
  return position + 1;
}

/** The position of a token that a person gave by its number. */
export function positionOfToken(number: number): number {
  return number - 1;
}

/** The first input is input 1. */
export function inputNumber(index: number): number {
  return index + 1;
}

/** Which input a person gave by its number. */
export function indexOfInput(number: number): number {
  return number - 1;
}
