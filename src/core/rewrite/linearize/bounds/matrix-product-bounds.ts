/** Bounds of matrix products of two values that both depend on the input: queries with keys, patterns with values. */
import { attributeInt } from '../../../graph/attributes.js';
import { declined, type Site } from '../rule.js';
import type { Shape } from '../linear-map.js';
import { intersection, outward, type BoundsRule, type Interval } from './relaxation.js';
import { roundingOf } from './intervals.js';

/** Operators that hand a pattern on as it is. */
const COPIES: ReadonlySet<string> = new Set(['Identity', 'Dropout', 'Cast']);

/** Whether a value is a softmax over its last axis: rows of a matrix that are not negative and sum to 1. */
function isPattern({ graph }: Site, value: string, rank: number): boolean {
  let node = graph.producerOf(value);
  while (node !== undefined && node.domain === '' && COPIES.has(node.opType)) {
    node = graph.producerOf(node.inputs[0] ?? '');
  }
  if (node?.domain !== '' || node.opType !== 'Softmax') return false;
  const axis = attributeInt(node, 'axis') ?? -1;
  return axis === -1 || axis === rank - 1;
}

/** A value [1, ...shape] with as many axes as the other operand has. */
function aligned({ calc }: Site, value: string, shape: Shape, rank: number): string {
  return calc.reshape(value, [1, ...Array.from({ length: rank - shape.length }, () => 1), ...shape]);
}

/**
 * C = c_A c_B with radius |c_A| r_B + r_A (|c_B| + r_B), for centres c and radii r. Where A is an attention pattern, C is a
 * mean of the rows of B besides, and lies between the least and the largest of them.
 */
const matMul: BoundsRule = (site) => {
  if (!(site.isActive(0) && site.isActive(1))) return 'affine';
  const [a, b] = [site.shape(site.input(0)), site.shape(site.input(1))];
  if (a.length < 2 || b.length < 2) return declined('one of its operands is a vector');
  return (intervals) => {
    const { calc, to } = site;
    const rank = Math.max(a.length, b.length);
    const operands = [a, b].map((shape, at): Interval => {
      const { lower, upper } = intervals(at);
      return { lower: aligned(site, lower, shape, rank), upper: aligned(site, upper, shape, rank) };
    }) as [Interval, Interval];
    const [left, right] = operands.map(({ lower, upper }) => {
      const centre = calc.op('Add', calc.op('Mul', lower, 0.5), calc.op('Mul', upper, 0.5));
      return { centre, radius: calc.op('Max', calc.op('Sub', upper, centre), calc.op('Sub', centre, lower)) };
    }) as [Ball, Ball];
    const [sizeA, sizeB] = [left, right].map(({ centre }) => calc.op('Abs', centre)) as [string, string];
    const [mostA, mostB] = [calc.op('Add', sizeA, left.radius), calc.op('Add', sizeB, right.radius)];
    const spread = calc.op('Add', calc.op('MatMul', sizeA, right.radius), calc.op('MatMul', left.radius, mostB));
    const rounding = calc.op('Mul', calc.op('MatMul', mostA, mostB), roundingOf({ summands: a.at(-1) ?? 1 }));
    const radius = calc.op('Add', spread, rounding);
    const centre = calc.op('MatMul', left.centre, right.centre);
    const ball = { lower: calc.op('Sub', centre, radius), upper: calc.op('Add', centre, radius) };
    const inRows = isPattern(site, site.input(0), a.length) ? rowsOf(site, operands[1], rank) : undefined;
    const shape = [1, ...to];
    const found = inRows === undefined ? ball : intersection(calc, ball, inRows);
    return { interval: { lower: calc.reshape(found.lower, shape), upper: calc.reshape(found.upper, shape) } };
  };
};

interface Ball {
  readonly centre: string;
  readonly radius: string;
}

/** The least and the largest of the rows of B, one row for all of C. */
function rowsOf({ calc, from }: Site, { lower, upper }: Interval, rank: number): Interval {
  const along = [rank - 1];
  const least = calc.reduce('ReduceMin', lower, along, true);
  const largest = calc.reduce('ReduceMax', upper, along, true);
  // The weights of a row sum to 1 but for rounding.
  const size = calc.op('Mul', calc.op('Max', calc.op('Abs', least), calc.op('Abs', largest)), from.at(-1) ?? 1);
  return { lower: outward(calc, least, 'down', size), upper: outward(calc, largest, 'up', size) };
}

export const MATRIX_PRODUCT_BOUNDS: Readonly<Record<string, BoundsRule>> = { MatMul: matMul };
