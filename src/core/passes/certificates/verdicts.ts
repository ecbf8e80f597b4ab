/** What bounds on its input prove of a unit (methods, D3; thresholds of saturation: D1). */
import { rectifiedInput } from '../../graph/activations/rectifier.js';
import { straightPieces } from '../../graph/activations/straight-piece.js';
import { attributeFloat } from '../../graph/attributes.js';
import { scalarConstant } from '../../graph/constants.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { detectFunctions } from '../../graph/layer-detection.js';
import type { Ends } from '../../rewrite/linearize/bounds/box.js';

export type Verdict =
  /** Its output is 0 for every input in the box. */
  | 'dead'
  /** It stays on one straight piece that is not flat. */
  | 'linear'
  /** Its output is another constant, or saturated: |tanh|, |erf| or |softsign| > 0.99, sigmoid under 0.01 or over 0.99. */
  | 'constant'
  | 'undecided';

/** An interval of a function's input in which one thing can be said; both ends included. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly verdict: Verdict;
}

/** σ(z), tanh z, erf z and z / (1 + |z|) are 0.99 there; that of erf is rounded up. */
const SIGMOID_SATURATED = Math.log(99);
const TANH_SATURATED = Math.atanh(0.99);
const ERF_SATURATED = 1.821387;
const SOFTSIGN_SATURATED = 99;

/** Of single operators; undefined for those that are nowhere flat and nowhere straight. */
function piecesOf(graph: Graph, node: GraphNode): readonly Piece[] | undefined {
  const piece = (from: number, to: number, verdict: Verdict): Piece => ({ from, to, verdict });
  const saturated = (z: number): readonly Piece[] => [piece(-Infinity, -z, 'constant'), piece(z, Infinity, 'constant')];
  if (rectifiedInput(graph, node) !== undefined) return [piece(-Infinity, 0, 'dead'), piece(0, Infinity, 'linear')];
  switch (node.opType) {
    case 'LeakyRelu':
    case 'PRelu':
      return [piece(-Infinity, 0, 'linear'), piece(0, Infinity, 'linear')];
    case 'ThresholdedRelu': {
      const threshold = attributeFloat(node, 'alpha') ?? 1;
      return [piece(-Infinity, threshold, 'dead'), piece(justAbove(threshold), Infinity, 'linear')];
    }
    case 'HardSwish':
      return [piece(-Infinity, -3, 'dead'), piece(3, Infinity, 'linear')];
    case 'HardSigmoid': {
      const [alpha, beta] = [attributeFloat(node, 'alpha') ?? 0.2, attributeFloat(node, 'beta') ?? 0.5];
      return alpha > 0 ? clipped(-beta / alpha, (1 - beta) / alpha, 0) : undefined;
    }
    case 'Clip': {
      const limit = (position: number, none: number): number | undefined =>
        (node.inputs[position] ?? '') === '' ? none : scalarConstant(graph, node.inputs[position] ?? '');
      const [low, high] = [limit(1, -Infinity), limit(2, Infinity)];
      return low === undefined || high === undefined ? undefined : clipped(low, high, low);
    }
    case 'Sigmoid':
      return saturated(SIGMOID_SATURATED);
    case 'Tanh':
      return saturated(TANH_SATURATED);
    case 'Erf':
      return saturated(ERF_SATURATED);
    case 'Softsign':
      return saturated(SOFTSIGN_SATURATED);
    case 'Elu':
    case 'Celu':
    case 'Selu':
      return [piece(0, Infinity, 'linear')];
    default:
      return undefined;
  }
}

/** @param bottom the function's value below the lower limit. */
function clipped(low: number, high: number, bottom: number): readonly Piece[] {
  return [
    { from: -Infinity, to: low, verdict: bottom === 0 ? 'dead' : 'constant' },
    { from: high, to: Infinity, verdict: 'constant' },
    { from: low, to: high, verdict: 'linear' },
  ];
}

function justAbove(value: number): number {
  return value + Math.abs(value) * Number.EPSILON + Number.MIN_VALUE;
}

/** The value that a node's verdicts are about: what its function is of. */
export function judgedInput(graph: Graph, node: GraphNode): string {
  const rectified = rectifiedInput(graph, node);
  if (rectified === undefined && piecesOf(graph, node) === undefined) return spelledInput(graph, node) ?? '';
  return node.inputs[rectified ?? 0] ?? '';
}

/** Says of one site what its bounds prove; undefined for functions of which nothing can be proven. */
export function judge(graph: Graph, node: GraphNode): ((lower: number, upper: number) => Verdict) | undefined {
  const pieces = piecesOf(graph, node);
  if (pieces === undefined) return judgeSpelled(graph, node);
  return (lower, upper) => pieces.find(({ from, to }) => lower >= from && upper <= to)?.verdict ?? 'undecided';
}

/** Intervals that reach beyond every bend: where none is straight, the function bends everywhere. */
const FAR: readonly (readonly [number, number])[] = [
  [-2e4, -1e4],
  [1e4, 2e4],
];

/** Functions that a file spells as several nodes. */
function judgeSpelled(graph: Graph, node: GraphNode): ReturnType<typeof judge> {
  const input = spelledInput(graph, node);
  if (input === undefined) return undefined;
  const pieceIn = straightPieces(graph, node.outputs[0] ?? '', input);
  const verdict = (lower: number, upper: number): Verdict => {
    const piece = pieceIn(lower, upper);
    if (piece === undefined) return 'undecided';
    if (piece.slope !== 0) return 'linear';
    return piece.offset === 0 ? 'dead' : 'constant';
  };
  return FAR.some(([lower, upper]) => verdict(lower, upper) !== 'undecided') ? verdict : undefined;
}

function spelledInput(graph: Graph, node: GraphNode): string | undefined {
  return detectFunctions(graph).layers.find((layer) => layer.node === node)?.inputs[0];
}

/** One verdict per unit: of several sites, what holds at all of them. @param axis of the shape that counts units. */
export function unitVerdicts(
  { lower, upper }: Ends,
  shape: readonly number[],
  axes: readonly number[],
  verdict: (lower: number, upper: number) => Verdict,
): readonly Verdict[] {
  const units = unitIndices(shape, axes);
  const found: Verdict[] = [];
  for (const [site, unit] of units.entries()) {
    const here = verdict(lower[site] ?? -Infinity, upper[site] ?? Infinity);
    const before = found[unit] ?? here;
    found[unit] = before === here ? here : 'undecided';
  }
  return found;
}

/** Of every element, row by row, the unit that it belongs to. */
export function unitIndices(shape: readonly number[], axes: readonly number[]): Int32Array {
  const strides = shape.map(() => 0);
  let stride = 1;
  for (const axis of [...axes].reverse()) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const units = new Int32Array(count);
  for (let site = 0; site < count; site++) {
    let rest = site;
    let unit = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      unit += (rest % size) * (strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    units[site] = unit;
  }
  return units;
}
