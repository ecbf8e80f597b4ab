/**
 * Activation functions that a file spells as several nodes: GELU as x · 0.5 · (1 + erf(x/√2)) in any order, SiLU as
 * x · sigmoid(x), ReLU as max(x, 0) or where(x > 0, x, 0)… They are recognised by what they compute, not by how they
 * are written: around each telling operator, every nearby value that depends on one value x alone is computed at a
 * few sample points and compared with the known formulas.
 */
import { scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';
import { entryInputs, evaluate, isElementwise, type Samples } from './elementwise.js';
import { FORMULAS, type ActivationFunction } from './functions.js';
import { elu, leaky, swish } from './operators.js';

/** Operators that one part of a spelled-out function always uses. */
const TELLING = new Set([
  'Exp',
  'Erf',
  'Tanh',
  'Sigmoid',
  'HardSigmoid',
  'Softplus',
  'Clip',
  'Max',
  'Min',
  'Where',
  'Relu',
  'Abs',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
]);

/** Smooth functions need points near zero, clipped ones points outside their corners. None is a corner. */
const POINTS: Samples = [
  -9, -6.2, -4.1, -3.2, -2.4, -1.6, -0.8, -0.35, -0.05, 0.05, 0.35, 0.8, 1.6, 2.4, 3.2, 4.1, 6.2, 9,
];

/** Half-precision constants move values by this much; the two GELUs differ by up to 5e-4 and the nearer one wins. */
const TOLERANCE = 2e-3;

/** Telling operator → x: the longest is the tanh GELU (multiply, add, cube, multiply, add). */
const MAXIMUM_STEPS_UP = 8;
const MAXIMUM_NODES = 24;
const MAXIMUM_READERS = 64;

export interface SpelledOut {
  /** The value that carries the activation. */
  readonly value: string;
  readonly input: string;
  readonly function: ActivationFunction;
  /** "Erf" in "Gelu (Erf)". */
  readonly by: string;
  /** Nodes that are inside the function: their outputs are no layers of their own. */
  readonly inside: readonly GraphNode[];
}

/**
 * The function that a telling node is part of, if it is part of one.
 * @param own what the telling node computes on its own: the same again, only with another layout, is no new function.
 */
export function spelledOut(
  graph: Graph,
  telling: GraphNode,
  own: ActivationFunction | undefined,
): SpelledOut | undefined {
  if (telling.domain !== '' || !TELLING.has(telling.opType)) return undefined;
  for (const input of candidates(graph, telling)) {
    const found = matchFrom(graph, telling, own, input);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Values that x might be: the telling node's own inputs, and what they were made from by element-wise nodes. */
function candidates(graph: Graph, telling: GraphNode): readonly string[] {
  const found: string[] = [];
  let frontier = entryInputs(telling);
  for (let step = 0; step < MAXIMUM_STEPS_UP && frontier.length > 0; step++) {
    const next: string[] = [];
    for (const value of frontier) {
      if (found.includes(value) || found.length >= MAXIMUM_NODES || scalarConstant(graph, value) !== undefined)
        continue;
      found.push(value);
      const producer = graph.producerOf(value);
      // Behind another telling node, that one finds the function.
      if (producer === undefined || TELLING.has(producer.opType) || !isElementwise(producer)) continue;
      next.push(...entryInputs(producer));
    }
    frontier = next;
  }
  return found;
}

/**
 * Computes what depends on x alone, in topological order, and looks for a known function that uses `telling`. Where
 * one known function is part of another (hard sigmoid in hard swish) the larger one counts.
 */
function matchFrom(
  graph: Graph,
  telling: GraphNode,
  own: ActivationFunction | undefined,
  input: string,
): SpelledOut | undefined {
  const known = new Map<string, Samples>([[input, POINTS]]);
  const throughTelling = new Set<string>();
  let found: { readonly value: string; readonly function: ActivationFunction } | undefined;
  let frontier = readers(graph, input);
  while (frontier.length > 0 && known.size < MAXIMUM_NODES) {
    const next = new Set<GraphNode>();
    let computed = false;
    for (const node of frontier) {
      const value = node.outputs[0] ?? '';
      if (known.has(value) || value === '') continue;
      const inputs = entryInputs(node).map((name) => known.get(name) ?? constantSamples(graph, name));
      if (!inputs.every((samples) => samples !== undefined)) {
        next.add(node);
        continue;
      }
      const samples = evaluate(graph, node, inputs);
      if (samples === undefined) continue;
      computed = true;
      known.set(value, samples);
      if (node === telling || entryInputs(node).some((name) => throughTelling.has(name))) {
        throughTelling.add(value);
        const match = functionOf(samples);
        if (match !== undefined && match.name !== own?.name && match.name !== found?.function.name) {
          found = { value, function: match };
        }
      }
      for (const reader of readers(graph, value)) next.add(reader);
    }
    if (!computed) break;
    frontier = [...next].sort((a, b) => a.index - b.index);
  }
  if (found === undefined) return undefined;
  return { ...found, input, by: telling.opType, inside: nodesBetween(graph, known, input, found.value) };
}

/** Element-wise readers of a value; one that half the graph reads is no activation's x. */
function readers(graph: Graph, value: string): readonly GraphNode[] {
  const consumers = graph.consumersOf(value);
  return consumers.length > MAXIMUM_READERS ? [] : consumers.filter(isElementwise);
}

/** Nodes that make `value` from `input`, without the one that makes `value` itself. */
function nodesBetween(graph: Graph, known: ReadonlyMap<string, Samples>, input: string, value: string): GraphNode[] {
  const nodes = new Set<GraphNode>();
  const waiting = [value];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const producer = name === input || !known.has(name) ? undefined : graph.producerOf(name);
    if (producer === undefined || nodes.has(producer)) continue;
    nodes.add(producer);
    waiting.push(...entryInputs(producer));
  }
  return [...nodes].filter((node) => node.outputs[0] !== value);
}

function constantSamples(graph: Graph, value: string): Samples | undefined {
  const constant = scalarConstant(graph, value);
  return constant === undefined ? undefined : POINTS.map(() => constant);
}

/** Every formula that a file may spell out: sigmoid and tanh by exponentials, or by each other. */
const SPELLED = [
  FORMULAS.relu,
  FORMULAS.relu6,
  FORMULAS.squaredRelu,
  FORMULAS.hardTanh,
  FORMULAS.gelu,
  FORMULAS.tanhGelu,
  FORMULAS.quickGelu,
  FORMULAS.silu,
  FORMULAS.mish,
  FORMULAS.hardSwish,
  FORMULAS.hardSigmoid,
  FORMULAS.softplus,
  FORMULAS.softsign,
  FORMULAS.sigmoid,
  FORMULAS.tanh,
].map((row) => ({ row, samples: POINTS.map((x) => row.formula(x)) }));

function functionOf(samples: Samples): ActivationFunction | undefined {
  let nearest: ActivationFunction | undefined;
  let smallest = TOLERANCE;
  for (const { row, samples: expected } of SPELLED) {
    const difference = largestDifference(samples, expected);
    if (difference < smallest) {
      smallest = difference;
      nearest = { name: row.name, family: row.family, range: row.range };
    }
  }
  return nearest ?? leakyFunctionOf(samples) ?? swishFunctionOf(samples) ?? eluFunctionOf(samples);
}

function leakyFunctionOf(samples: Samples): ActivationFunction | undefined {
  const slope = (samples[0] ?? NaN) / (POINTS[0] ?? NaN);
  if (!(Math.abs(slope) < 0.99)) return undefined;
  const expected = POINTS.map((x) => (x > 0 ? x : slope * x));
  return largestDifference(samples, expected) < TOLERANCE
    ? leaky(Number(slope.toPrecision(4)), 'LeakyRelu')
    : undefined;
}

function swishFunctionOf(samples: Samples): ActivationFunction | undefined {
  const point = POINTS.indexOf(0.8);
  const share = (samples[point] ?? NaN) / 0.8;
  if (!(share > 0.5 && share < 1)) return undefined;
  const beta = Math.log(share / (1 - share)) / 0.8;
  const expected = POINTS.map((x) => x / (1 + Math.exp(-beta * x)));
  return largestDifference(samples, expected) < TOLERANCE ? swish(Number(beta.toPrecision(4))) : undefined;
}

function eluFunctionOf(samples: Samples): ActivationFunction | undefined {
  const [point = NaN] = POINTS;
  const alpha = (samples[0] ?? NaN) / Math.expm1(point);
  if (!(alpha > 0)) return undefined;
  const expected = POINTS.map((x) => (x > 0 ? x : alpha * Math.expm1(x)));
  return largestDifference(samples, expected) < TOLERANCE ? elu(Number(alpha.toPrecision(4))) : undefined;
}

/** Largest |a − b|, relative where values are large; Infinity where it is beyond any tolerance or no number. */
function largestDifference(samples: Samples, expected: Samples): number {
  let largest = 0;
  for (let point = 0; point < expected.length; point++) {
    const want = expected[point] ?? NaN;
    const difference = Math.abs((samples[point] ?? NaN) - want) / Math.max(1, Math.abs(want));
    if (!(difference < TOLERANCE)) return Infinity;
    if (difference > largest) largest = difference;
  }
  return largest;
}
