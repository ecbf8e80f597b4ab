/**
 * Whether a function that a file spells as several nodes is straight over an interval: x · clip(x + 3, 0, 6) / 6, (x + |x|) / 2,
 * max(x, 0.1 x), max(x, 0)². The nodes themselves are read, so that certificates may rest on it.
 */
import { attributeFloat } from '../attributes.js';
import { scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';

/** slope · x + offset. */
export interface StraightPiece {
  readonly slope: number;
  readonly offset: number;
}

interface Form extends StraightPiece {
  /** How far single precision may take it from that, anywhere in the interval. */
  readonly error: number;
}

/** Undefined where the function bends within the interval, or more than x takes part. */
type Reading = (interval: Interval) => Form | undefined;

interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** Operands are read as often as they are used. */
const MOST_NODES = 32;
/** Of one operation in single precision, with room. */
const ROUNDING = 2 ** -22;

/** The function that makes `value` of x, asked for one interval after the other; both ends included. */
export function straightPieces(
  graph: Graph,
  value: string,
  x: string,
): (lower: number, upper: number) => StraightPiece | undefined {
  let left = MOST_NODES;
  const reading = readValue(value);
  return (lower, upper) => {
    const form = reading({ lower, upper });
    // Flat means the same number everywhere, to the last bit.
    return form === undefined || (form.slope === 0 && !isExact(form)) ? undefined : form;
  };

  function readValue(name: string): Reading {
    if (name === x) return () => ({ slope: 1, offset: 0, error: 0 });
    const constant = scalarConstant(graph, name);
    if (constant !== undefined) return () => flat(constant);
    const node = graph.producerOf(name);
    return node?.domain === '' && --left > 0 ? readNode(node) : unknown;
  }

  function readNode(node: GraphNode): Reading {
    const operands = node.inputs.filter((name) => name !== '').map(readValue);
    if (node.opType === 'Where') return readChoice(node, operands);
    const formula = formulaOf(graph, node);
    if (formula === undefined) return unknown;
    return (interval) => {
      const [a, b] = operands.map((operand) => operand(interval));
      return a === undefined || (operands.length > 1 && b === undefined) ? undefined : formula(interval, a, b ?? a);
    };
  }

  /** Where one side of a comparison is larger all over the interval. */
  function readChoice({ inputs: [condition = ''] }: GraphNode, [, yes = unknown, no = unknown]: Reading[]): Reading {
    const test = graph.producerOf(condition);
    const isGreater = test?.opType === 'Greater' || test?.opType === 'GreaterOrEqual';
    if (test?.domain !== '' || !(isGreater || test.opType === 'Less' || test.opType === 'LessOrEqual')) return unknown;
    const [one = unknown, other = unknown] = test.inputs.map(readValue);
    return (interval) => {
      const [a, b] = [one(interval), other(interval)];
      if (a === undefined || b === undefined) return undefined;
      const [least, most] = ends(interval, difference(interval, a, b));
      if (least > 0) return (isGreater ? yes : no)(interval);
      return most < 0 ? (isGreater ? no : yes)(interval) : undefined;
    };
  }
}

const unknown: Reading = () => undefined;

type Formula = (interval: Interval, a: Form, b: Form) => Form | undefined;

const FORMULAS: Readonly<Record<string, Formula>> = {
  Identity: (_, a) => a,
  Neg: (_, a) => negative(a),
  Add: sum,
  Sub: difference,
  Mul: (interval, a, b) =>
    isExact(b) ? scaled(interval, a, b.offset) : isExact(a) ? scaled(interval, b, a.offset) : undefined,
  Div: (interval, a, b) => (isExact(b) && b.offset !== 0 ? scaled(interval, a, 1 / b.offset) : undefined),
  // Of a flat piece only: 0 stays what it is.
  Pow: (_, a, b) => (isExact(a) && a.offset === 0 && isExact(b) && b.offset > 0 ? a : undefined),
  Abs: (interval, a) => bent(interval, a, negative(a), a),
  Relu: (interval, a) => bent(interval, a, flat(0), a),
  Max: larger,
  Min: (interval, a, b) => {
    const found = larger(interval, negative(a), negative(b));
    return found && negative(found);
  },
};

function formulaOf(graph: Graph, node: GraphNode): Formula | undefined {
  const number = (name: string, otherwise: number): number => attributeFloat(node, name) ?? otherwise;
  const [, second = '', third = ''] = node.inputs;
  switch (node.opType) {
    case 'LeakyRelu': {
      const slope = number('alpha', 0.01);
      return (interval, a) => bent(interval, a, scaled(interval, a, slope), a);
    }
    case 'Clip': {
      const low = second === '' ? number('min', -Infinity) : scalarConstant(graph, second);
      const high = third === '' ? number('max', Infinity) : scalarConstant(graph, third);
      return low === undefined || high === undefined ? undefined : (interval, a) => clipped(interval, a, low, high);
    }
    case 'HardSigmoid': {
      const [alpha, beta] = [number('alpha', 0.2), number('beta', 0.5)];
      return (interval, a) => clipped(interval, sum(interval, scaled(interval, a, alpha), flat(beta)), 0, 1);
    }
    case 'Max':
    case 'Min':
      return node.inputs.length === 2 ? FORMULAS[node.opType] : undefined;
    default:
      return Object.hasOwn(FORMULAS, node.opType) ? FORMULAS[node.opType] : undefined;
  }
}

function flat(offset: number): Form {
  return { slope: 0, offset, error: 0 };
}

function isExact({ slope, error }: Form): boolean {
  return slope === 0 && error === 0;
}

/** The least and the largest that it can be. */
function ends({ lower, upper }: Interval, { slope, offset, error }: Form): readonly [number, number] {
  const [a, b] = slope === 0 ? [offset, offset] : [slope * lower + offset, slope * upper + offset];
  return [Math.min(a, b) - error, Math.max(a, b) + error];
}

function rounded(interval: Interval, form: Form): Form {
  const [least, most] = ends(interval, form);
  return { ...form, error: form.error + ROUNDING * Math.max(Math.abs(least), Math.abs(most)) };
}

function negative({ slope, offset, error }: Form): Form {
  return { slope: -slope, offset: -offset, error };
}

function scaled(interval: Interval, { slope, offset, error }: Form, by: number): Form {
  if (by === 0) return flat(0);
  if (slope === 0 && offset === 0 && error === 0) return flat(0);
  return rounded(interval, { slope: slope * by, offset: offset * by, error: error * Math.abs(by) });
}

function sum(interval: Interval, a: Form, b: Form): Form {
  return rounded(interval, { slope: a.slope + b.slope, offset: a.offset + b.offset, error: a.error + b.error });
}

function difference(interval: Interval, a: Form, b: Form): Form {
  return sum(interval, a, negative(b));
}

function bent(interval: Interval, form: Form, below: Form, above: Form): Form | undefined {
  const [least, most] = ends(interval, form);
  return most <= 0 ? below : least >= 0 ? above : undefined;
}

function larger(interval: Interval, a: Form, b: Form): Form | undefined {
  return bent(interval, difference(interval, a, b), b, a);
}

function clipped(interval: Interval, form: Form, low: number, high: number): Form | undefined {
  const [least, most] = ends(interval, form);
  if (most <= low) return flat(low);
  if (least >= high) return flat(high);
  return least >= low && most <= high ? form : undefined;
}
