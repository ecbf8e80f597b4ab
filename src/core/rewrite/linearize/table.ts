/**
 * The rule table: rows are operators, columns are readings. An operator that is not here is named with the values that it
 * cuts off; nothing is taken for the identity. Definitions: methods, section 0.1.
 */
import type { GraphNode } from '../../graph/graph.js';
import { ATTENTION_RULES } from './attention.js';
import { INDEXING_RULES } from './indexing.js';
import { LINEAR_RULES } from './linear.js';
import { LOSS_RULES } from './losses.js';
import { NORM_RULES } from './norms.js';
import { PIECEWISE_RULES } from './piecewise.js';
import { POOLING_RULES } from './pooling.js';
import { PROBED_RULES } from './probed.js';
import { PRODUCT_RULES } from './products.js';
import { QUANTISATION_RULES } from './quantisation.js';
import { REDUCTION_RULES } from './reductions.js';
import type { Rule } from './rule.js';
import { SMOOTH_RULES } from './smooth.js';

const RULES: Readonly<Record<string, Rule>> = {
  ...LINEAR_RULES,
  ...PIECEWISE_RULES,
  ...SMOOTH_RULES,
  ...PRODUCT_RULES,
  ...NORM_RULES,
  ...REDUCTION_RULES,
  ...POOLING_RULES,
  ...INDEXING_RULES,
  ...PROBED_RULES,
  ...ATTENTION_RULES,
  ...LOSS_RULES,
  ...QUANTISATION_RULES,
};

const OPERATORS = new Map(Object.entries(RULES));

/** Undefined for an operator that has no rule. */
export function ruleOf({ domain, opType }: GraphNode): Rule | undefined {
  return domain === '' ? OPERATORS.get(opType) : undefined;
}

/** Of operators that are linear piece by piece, those that are not in all they are used for. */
const BENT: ReadonlySet<string> = new Set(['Gemm', 'MatMul', 'LpPool', 'GlobalLpPool', 'CumProd']);

const PIECEWISE_LINEAR: ReadonlySet<string> = new Set(
  [LINEAR_RULES, PIECEWISE_RULES, POOLING_RULES, INDEXING_RULES, PROBED_RULES, QUANTISATION_RULES]
    .flatMap((rules) => Object.keys(rules))
    .filter((opType) => !BENT.has(opType)),
);

/**
 * Whether an operator is the same map under both readings, so that the offset booked at it is a bias: the shift of a
 * normalisation, a padding. Any other offset under `tangent` is what the derivative leaves of a function that bends.
 */
export function isPiecewiseLinear({ domain, opType }: GraphNode): boolean {
  return domain === '' && PIECEWISE_LINEAR.has(opType);
}
