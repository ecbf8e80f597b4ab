/** Boxes of numbers: an element lies between a lower and an upper end. */

/** Row-major, one pair for each element of a value. */
export interface Ends {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** By value. */
export type Box = ReadonlyMap<string, Ends>;

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The next number of single precision in a direction: away from 0 or towards it. */
function next(value: number, direction: 1 | -1): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return direction * 2 ** -149;
  single[0] = value;
  bits[0] = (bits[0] ?? 0) + (value > 0 === direction > 0 ? 1 : -1);
  return single[0] ?? value;
}

/** Ends in single precision that hold everything that was between them. */
export function inSingle({ lower, upper }: Ends): { readonly lower: Float32Array; readonly upper: Float32Array } {
  // `Float32Array.from` takes many times as long.
  const rounded = (values: Float64Array, direction: 1 | -1): Float32Array => {
    const result = new Float32Array(values);
    for (let at = 0; at < values.length; at++) {
      const [near, value] = [result[at] ?? NaN, values[at] ?? NaN];
      if (direction > 0 ? near < value : near > value) result[at] = next(near, direction);
    }
    return result;
  };
  return { lower: rounded(lower, -1), upper: rounded(upper, 1) };
}

/** What lies in both: each is true, so that both together are. */
export function intersected(a: Ends, b: Ends): Ends {
  return {
    lower: a.lower.map((value, at) => Math.max(value, b.lower[at] ?? -Infinity)),
    upper: a.upper.map((value, at) => Math.min(value, b.upper[at] ?? Infinity)),
  };
}

/** What lies in either. */
export function united(a: Ends, b: Ends): Ends {
  return {
    lower: a.lower.map((value, at) => Math.min(value, b.lower[at] ?? -Infinity)),
    upper: a.upper.map((value, at) => Math.max(value, b.upper[at] ?? Infinity)),
  };
}

export function unbounded(count: number): Ends {
  return { lower: new Float64Array(count).fill(-Infinity), upper: new Float64Array(count).fill(Infinity) };
}

/** Nothing that a network computes with is as low, but for what a mask takes away from scores. */
const MASKED = -1e30;

/**
 * What a mask leaves out of a softmax is −∞, or as low as single precision goes, whatever the input: a softmax gives it
 * nothing. It is bounded, though its lower end is no number.
 */
export function isMasked({ lower, upper }: Ends, at: number): boolean {
  return lower[at] === -Infinity && (upper[at] ?? Infinity) <= MASKED;
}

export function isBounded(ends: Ends): boolean {
  const { lower, upper } = ends;
  for (let at = 0; at < lower.length; at++) {
    if ((!Number.isFinite(lower[at]) || !Number.isFinite(upper[at])) && !isMasked(ends, at)) return false;
  }
  return true;
}

/** Both halves of a box, cut through the middle of one element of one value. */
export function bisected(box: Box, value: string, element: number): readonly [Box, Box] {
  const { lower, upper } = box.get(value) ?? unbounded(0);
  const middle = ((lower[element] ?? 0) + (upper[element] ?? 0)) / 2;
  const [below, above] = [upper.slice(), lower.slice()];
  below[element] = middle;
  above[element] = middle;
  return [new Map(box).set(value, { lower, upper: below }), new Map(box).set(value, { lower: above, upper })];
}
