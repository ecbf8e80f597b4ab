/** Whether an operator is affine over a whole box: read off what its rule writes, not taken on trust. */
import { attributeInts } from '../../../graph/attributes.js';
import type { GraphNode } from '../../../graph/graph.js';
import { elementCount } from '../../../tensor/tensor.js';
import type { Calculator } from '../calculator.js';
import type { Shape } from '../linear-map.js';
import type { Linear, Site, Term } from '../rule.js';
import { writeMagnitude } from './magnitude.js';
import type { Trace } from './written.js';

export interface AffineStep {
  readonly kind: 'affine';
  readonly node: GraphNode;
  readonly output: string;
  readonly calc: Calculator;
  readonly moving: readonly Term[];
  readonly resting: readonly Term[];
  readonly offset: (() => string) | undefined;
  /** Elements are only moved: ends of intervals go to ends, nothing is rounded. */
  readonly moves: boolean;
  /** Numbers added up for one result or, backwards, for one coefficient, at most. */
  readonly summands: number;
  /** Multiplications of one pass through it, about. */
  readonly work: number;
}

export interface AffineRequest {
  readonly site: Site;
  readonly linear: Linear;
  readonly output: string;
  readonly trace: Trace;
  /** How many nodes there were before the rule was asked. */
  readonly since: number;
  /** Values that depend on the input, numbers or not. */
  readonly depends: (value: string) => boolean;
}

/** @returns the step, or why the operator is not affine in the box. */
export function affineStep(request: AffineRequest): AffineStep | string {
  const { site, linear, output, trace, since, depends } = request;
  const { node, calc } = site;
  if (linear.inexact !== undefined) return linear.inexact;
  const moving = linear.terms.filter(({ input }) => site.isActive(input));
  const resting = linear.terms.filter(({ input }) => !site.isActive(input));
  const named = new Set(linear.terms.map(({ input }) => input));
  const unread = node.inputs.findIndex((value, at) => depends(value) && !named.has(at));
  if (unread >= 0 || moving.length === 0) return 'it makes steps of its input';
  let moves = true;
  for (const { input, map } of linear.terms) {
    const magnitude = writeMagnitude(trace, map, `${site.input(input)} on trial`);
    if (magnitude === undefined) return 'it does not say how large its coefficients are';
    moves &&= magnitude.moves;
  }
  linear.offset?.();
  // The trial stands for what moves: anything else that does is a coefficient.
  const written = trace.nodes.slice(since).filter(({ opType }) => opType !== 'Shape');
  if (written.some(({ inputs }) => inputs.some(depends))) return 'its coefficients depend on the input';
  const summands = summandsOf(site);
  const single = linear.terms.length === 1 && linear.offset === undefined;
  return {
    kind: 'affine',
    node,
    output,
    calc,
    moving,
    resting,
    offset: linear.offset,
    moves: moves && (single || node.opType === 'Concat'),
    summands,
    work: elementCount(site.shape(output)) * (WEIGHTED.has(node.opType) ? summands : 1),
  };
}

const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm']);

/** Operators that use every number once and add nothing up, backwards neither. */
const ONCE: ReadonlySet<string> = new Set(
  'Reshape Flatten Squeeze Unsqueeze Transpose Identity Concat Split Slice Dropout DepthToSpace SpaceToDepth'.split(
    ' ',
  ),
);

function summandsOf(site: Site): number {
  const { node, from, to } = site;
  if (ONCE.has(node.opType)) return 0;
  const count = (shape: Shape, without: number): number => elementCount(shape) / Math.max(1, shape[without] ?? 1);
  const weights = site.shape(site.input(1));
  switch (node.opType) {
    case 'Conv':
    case 'ConvTranspose':
      return Math.max(count(weights, 0), count(weights, 1));
    case 'MatMul':
    case 'Gemm':
      return Math.max(...from, ...weights);
    case 'BatchNormalization':
      return 4;
    case 'AveragePool':
      return elementCount(attributeInts(node, 'kernel_shape') ?? from);
    case 'Add':
    case 'Sub':
    case 'Sum':
    case 'Mean':
    case 'Mul':
    case 'Div':
    case 'Neg':
    case 'Where':
      return node.inputs.length + spread(node, site, to);
    default:
      return Math.max(elementCount(from), elementCount(to));
  }
}

/** How many results one number of a spread operand goes into, at most. */
function spread({ inputs }: GraphNode, site: Site, to: Shape): number {
  const counts = inputs.flatMap((value, at) =>
    site.isActive(at) ? [elementCount(to) / Math.max(1, elementCount(site.shape(value)))] : [],
  );
  return Math.max(1, ...counts);
}
