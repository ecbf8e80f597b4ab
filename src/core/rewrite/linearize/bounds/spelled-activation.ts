/**
 * GELU and SiLU that a graph spells as several nodes: p · g(p) with a gate g of p. Bounded as a product they are lost, since
 * intervals forget that both factors hold the same p. `graph/activations` finds such functions by comparing numbers, which
 * is no proof; a bound needs to know what is computed everywhere, so here the nodes themselves are read.
 */
import { scalarConstant } from '../../../graph/constants.js';
import type { Graph, GraphNode } from '../../../graph/graph.js';
import type { Site } from '../rule.js';

/** f(p) = p · (shift + scale · S(slope · p + cubic · p³)). */
export interface SpelledActivation {
  /** Position of p among the inputs of the node that multiplies. */
  readonly input: number;
  readonly gate: Gate['opType'];
  readonly slope: number;
  readonly cubic: number;
  readonly shift: number;
  readonly scale: number;
  /** Where f is lowest, and how low; elsewhere it falls before and rises behind. */
  readonly lowest: { readonly at: number; readonly depth: number };
  /** max |f''|, rounded up. */
  readonly curvature: number;
}

/** shift + scale · S(inner). */
interface Gate {
  readonly opType: 'Sigmoid' | 'Erf' | 'Tanh';
  readonly inner: string;
  readonly shift: number;
  readonly scale: number;
}

/** c₀ + c₁ x + c₂ x² + c₃ x³. */
type Cubic = readonly number[];

/** Nodes on one way, at most. */
const MOST_STEPS = 8;
/** A larger gate would be rounded by more than bounds are widened by. */
const LARGEST_SCALE = 2;
/** Constants are stored in single precision. */
const STORED = 1e-6;

/** @returns undefined where the product is no such function. */
export function spelledActivation({ graph, node, shape, to }: Site): SpelledActivation | undefined {
  const [a = '', b = ''] = node.inputs;
  for (const [input, p, factor] of [
    [0, a, b],
    [1, b, a],
  ] as const) {
    const gate = gateOf(graph, factor);
    const inner = gate === undefined ? undefined : innerOver(graph, gate.inner, p);
    if (gate === undefined || inner === undefined || shape(p).join() !== to.join()) continue;
    const found = functionOf(gate, inner);
    if (found !== undefined) return { input, ...found };
  }
  return undefined;
}

/** Lowest points and curvatures of methods, D3, moved to where scales take them. */
function functionOf(gate: Gate, [, slope = 0, , cubic = 0]: Cubic): Omit<SpelledActivation, 'input'> | undefined {
  const { opType, shift, scale } = gate;
  if (!(slope > 0 && scale > 0 && scale <= LARGEST_SCALE)) return undefined;
  const isEven = Math.abs(shift - scale) <= STORED * scale;
  const described = (at: number, depth: number, curvature: number) => ({
    ...{ gate: opType, slope, cubic, shift, scale },
    lowest: { at, depth },
    curvature,
  });
  switch (opType) {
    case 'Sigmoid':
      // (scale / slope) · SiLU(slope · p).
      return cubic === 0 && shift === 0
        ? described(-1.2784645 / slope, (-0.2784646 * scale) / slope, 0.5001 * scale * slope)
        : undefined;
    case 'Erf': {
      // (2 scale / s) · GELU(s p) with s = √2 slope.
      const s = Math.SQRT2 * slope;
      return cubic === 0 && isEven
        ? described(-0.7517916 / s, (-0.1699713 * 2 * scale) / s, 0.81 * 2 * scale * s)
        : undefined;
    }
    case 'Tanh': {
      // (2 scale / s) · GELU(s p), where the cubic part fits the linear one.
      const s = slope / Math.sqrt(2 / Math.PI);
      const isCubic = Math.abs(cubic / (slope * s * s) - 0.044715) <= CUBIC_TOLERANCE;
      return isCubic && isEven
        ? described(-0.7524614 / s, ((-0.1700408 - DEPTH_TOLERANCE) * 2 * scale) / s, 0.82 * 2 * scale * s)
        : undefined;
    }
  }
}

/** In the cubic coefficient, and what it makes of the lowest point: |∂f/∂c| < 0.5 · 0.76 · 0.8 · 0.43 there. */
const [CUBIC_TOLERANCE, DEPTH_TOLERANCE] = [2e-6, 1e-6];

function gateOf(graph: Graph, value: string): Gate | undefined {
  let [name, shift, scale] = [value, 0, 1];
  for (let step = 0; step < MOST_STEPS; step++) {
    const node = standard(graph, name);
    if (node?.opType === 'Sigmoid' || node?.opType === 'Erf' || node?.opType === 'Tanh') {
      return { opType: node.opType, inner: node.inputs[0] ?? '', shift, scale };
    }
    const moved = node === undefined ? undefined : withConstant(graph, node);
    if (moved === undefined) return undefined;
    // shift + scale · (factor · x + summand).
    shift += scale * moved.summand;
    scale *= moved.factor;
    name = moved.value;
  }
  return undefined;
}

/** What the gate is of, as a polynomial in p without constant; also where p is a multiple of what is read there. */
function innerOver(graph: Graph, inner: string, p: string): Cubic | undefined {
  let [base, factor] = [p, 1];
  for (let step = 0; step < MOST_STEPS; step++) {
    const found = cubicOver(graph, inner, base, MOST_STEPS);
    if (found !== undefined) {
      const [constant, , square] = found;
      return constant === 0 && square === 0 ? found.map((each, power) => each / factor ** power) : undefined;
    }
    const node = standard(graph, base);
    const moved = node === undefined ? undefined : withConstant(graph, node);
    if (moved === undefined || moved.summand !== 0 || moved.factor === 0) return undefined;
    factor *= moved.factor;
    base = moved.value;
  }
  return undefined;
}

function cubicOver(graph: Graph, value: string, x: string, depth: number): Cubic | undefined {
  if (value === x) return [0, 1, 0, 0];
  const constant = scalarConstant(graph, value);
  if (constant !== undefined) return [constant, 0, 0, 0];
  const node = standard(graph, value);
  if (node === undefined || depth === 0) return undefined;
  const [left = '', right = ''] = node.inputs;
  const of = (name: string): Cubic | undefined => cubicOver(graph, name, x, depth - 1);
  switch (node.opType) {
    case 'Mul':
      return product(of(left), of(right));
    case 'Div': {
      const divisor = scalarConstant(graph, right);
      return divisor === undefined ? undefined : of(left)?.map((each) => each / divisor);
    }
    case 'Add': {
      const [one, other] = [of(left), of(right)];
      return one === undefined || other === undefined ? undefined : one.map((each, at) => each + (other[at] ?? 0));
    }
    case 'Pow': {
      const base = of(left);
      const exponent = scalarConstant(graph, right);
      if (exponent === 2) return product(base, base);
      return exponent === 3 ? product(product(base, base), base) : undefined;
    }
    default:
      return undefined;
  }
}

function product(a: Cubic | undefined, b: Cubic | undefined): Cubic | undefined {
  if (a === undefined || b === undefined) return undefined;
  const result = [0, 0, 0, 0, 0, 0, 0];
  a.forEach((one, i) => {
    b.forEach((other, j) => {
      result[i + j] = (result[i + j] ?? 0) + one * other;
    });
  });
  return result.slice(4).every((each) => each === 0) ? result.slice(0, 4) : undefined;
}

/** value · factor + summand, of a node that adds a number or multiplies with one. */
function withConstant(
  graph: Graph,
  { opType, inputs }: GraphNode,
): { readonly value: string; readonly factor: number; readonly summand: number } | undefined {
  const [left = '', right = ''] = inputs;
  const [first, second] = [scalarConstant(graph, left), scalarConstant(graph, right)];
  const constant = second ?? first;
  const value = second === undefined ? right : left;
  if (constant === undefined) return undefined;
  if (opType === 'Add') return { value, factor: 1, summand: constant };
  if (opType === 'Mul') return { value, factor: constant, summand: 0 };
  return opType === 'Div' && second !== undefined ? { value, factor: 1 / constant, summand: 0 } : undefined;
}

function standard(graph: Graph, value: string): GraphNode | undefined {
  const node = graph.producerOf(value);
  return node?.domain === '' ? node : undefined;
}
