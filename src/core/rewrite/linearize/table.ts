/**
 * The rule table: rows are operators, columns are readings. An operator that is not here is named with the values that it
 * cuts off; nothing is taken for the identity. Definitions: methods, section 0.1. The column `bounds` says how an operator
 * is bounded over a box of inputs (methods, D3): the affine ones by their own linear map, the others by a relaxation.
 */
import type { GraphNode } from '../../graph/graph.js';
import { MATRIX_PRODUCT_BOUNDS } from './bounds/matrix-product-bounds.js';
import { PIECEWISE_BOUNDS } from './bounds/piecewise-bounds.js';
import { PRODUCT_BOUNDS } from './bounds/product-bounds.js';
import { affine, type BoundsRule } from './bounds/relaxation.js';
import { SELECTION_BOUNDS } from './bounds/selection-bounds.js';
import { SMOOTH_BOUNDS } from './bounds/smooth-bounds.js';
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

/** Affine in what depends on the input, as long as their other operands do not; that they do not is checked. */
const AFFINE_OPERATORS = (
  'Add Sum Sub Mean Neg Identity Dropout Cast CastLike Conv ConvTranspose Gemm MatMul BatchNormalization Einsum ' +
  'ReduceSum ReduceMean GlobalAveragePool AveragePool Reshape Flatten Squeeze Unsqueeze Transpose Expand Tile Concat ' +
  'Split Slice Gather GatherElements GatherND ReverseSequence Compress CenterCropPad Pad DepthToSpace SpaceToDepth ' +
  'Trilu CumSum Resize Col2Im AffineGrid GridSample'
).split(' ');

const BOUNDS = new Map<string, BoundsRule>([
  ...AFFINE_OPERATORS.map((opType): [string, BoundsRule] => [opType, affine]),
  ...Object.entries({
    ...PIECEWISE_BOUNDS,
    ...SMOOTH_BOUNDS,
    ...SELECTION_BOUNDS,
    ...PRODUCT_BOUNDS,
    ...MATRIX_PRODUCT_BOUNDS,
  }),
]);

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

/** The third column; undefined for an operator that no bound goes through. */
export function boundsRuleOf({ domain, opType }: GraphNode): BoundsRule | undefined {
  return domain === '' ? BOUNDS.get(opType) : undefined;
}
