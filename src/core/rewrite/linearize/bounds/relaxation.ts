/**
 * How an operator is bounded over a box of inputs: the third reading of the rule table (methods, D3). Where an operator is
 * affine its derivative says everything; any other has a rule that relaxes it: an interval for its output, and two lines
 * between which the output stays while its inputs are in theirs.
 */
import type { Calculator } from '../calculator.js';
import { scale } from '../maps.js';
import type { Declined, Linear, Site } from '../rule.js';

/** Names of two values [1, ...shape]: whatever the input in the box, an element lies between the two. */
export interface Interval {
  readonly lower: string;
  readonly upper: string;
}

/** Two affine functions of the node's inputs, the one nowhere below and the other nowhere above the output. */
export interface Lines {
  readonly upper: Linear;
  readonly lower: Linear;
}

export interface Relaxation {
  readonly interval: Interval;
  /** Written when first asked for. Without: the ends of the interval. */
  readonly lines?: () => Lines;
}

/** @param intervals of the node's inputs, by position; constants are none of them. */
export type Relax = (intervals: (input: number) => Interval) => Relaxation;

/** Bounds that need some of the node's inputs only, by position. */
export interface RelaxOf {
  readonly relax: Relax;
  readonly inputs: readonly number[];
}

/** `affine`: the tangent reading holds everywhere in the box. Whether it does is checked on what it writes. */
export type BoundsRule = (site: Site) => 'affine' | Declined | Relax | RelaxOf;

export const affine: BoundsRule = () => 'affine';

/** What single precision may add to or take from a result, of the sum of the sizes that it is made of. */
const ROUNDING = 1e-6;

/** A value moved up or down by what rounding may have hidden. @param sizes that the value was computed from. */
export function outward(
  calc: Calculator,
  value: string,
  direction: 'up' | 'down',
  ...sizes: readonly string[]
): string {
  const size = sizes.map((each) => calc.op('Abs', each)).reduce((sum, each) => calc.op('Add', sum, each));
  return calc.op(direction === 'up' ? 'Add' : 'Sub', value, calc.op('Mul', size, ROUNDING));
}

/** Computed functions are right to a few units of the last place, of 1 where they are smaller. */
export function widened(calc: Calculator, { lower, upper }: Interval): Interval {
  return {
    lower: outward(calc, lower, 'down', lower, calc.number(1)),
    upper: outward(calc, upper, 'up', upper, calc.number(1)),
  };
}

/** What lies in both: each is true, so that both together are. */
export function intersection(calc: Calculator, a: Interval, b: Interval): Interval {
  return { lower: calc.op('Max', a.lower, b.lower), upper: calc.op('Min', a.upper, b.upper) };
}

/** y ≤ slope ⊙ x + offset, element by element. @param slope and offset as [1, ...shape of the output]. */
export function line({ calc, to }: Site, slope: string, offset: string, input = 0): Linear {
  return { terms: [{ input, map: scale(calc, slope, to) }], offset: () => offset };
}

/** The constant line. */
export function level(offset: string): Linear {
  return { terms: [], offset: () => offset };
}

/** The node itself on another input of its shape, with all other inputs as they are. */
export function again({ calc, node, from, to }: Site, x: string): string {
  const result = calc.writer.copy(node.proto, [calc.reshape(x, from), ...node.inputs.slice(1)])[0] ?? '';
  return calc.reshape(result, [1, ...to]);
}
