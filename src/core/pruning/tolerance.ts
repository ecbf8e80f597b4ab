/**
 * What rounding may make of a number of an output: |difference| ≤ absolute + relative · sum, with the sum of the absolute
 * values of the terms that were added up. Single precision as methods have it; half precision keeps 11 bits of each term.
 */
export const TOLERANCE: Readonly<Record<string, readonly [absolute: number, relative: number]>> = {
  float32: [1e-5, 1e-4],
  float64: [1e-5, 1e-4],
  float16: [1e-3, 2 ** -8],
};
