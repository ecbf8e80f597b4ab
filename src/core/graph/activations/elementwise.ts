/** Element-wise ONNX operators as functions of numbers: what recognising spelled-out activations needs, no more. */
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { attributeFloat, attributeInt } from '../attributes.js';
import { scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';
import { erf, sigmoid, softplus } from './functions.js';

/** Values of one tensor entry at each sample point. */
export type Samples = readonly number[];

type Elementwise = (inputs: readonly number[]) => number;

const at = (inputs: readonly number[], index: number): number => inputs[index] ?? NaN;
const truth = (condition: boolean): number => (condition ? 1 : 0);
const unary =
  (formula: (x: number) => number): Elementwise =>
  (inputs) =>
    formula(at(inputs, 0));
const binary =
  (formula: (a: number, b: number) => number): Elementwise =>
  (inputs) =>
    formula(at(inputs, 0), at(inputs, 1));

const OPERATORS: Readonly<Record<string, Elementwise>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Pow: binary((a, b) => a ** b),
  Max: (inputs) => Math.max(...inputs),
  Min: (inputs) => Math.min(...inputs),
  Sum: (inputs) => inputs.reduce((sum, value) => sum + value, 0),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Erf: unary(erf),
  Tanh: unary(Math.tanh),
  Sigmoid: unary(sigmoid),
  Softplus: unary(softplus),
  Relu: unary((x) => Math.max(x, 0)),
  Not: unary((x) => truth(x === 0)),
  Greater: binary((a, b) => truth(a > b)),
  GreaterOrEqual: binary((a, b) => truth(a >= b)),
  Less: binary((a, b) => truth(a < b)),
  LessOrEqual: binary((a, b) => truth(a <= b)),
  And: binary((a, b) => truth(a !== 0 && b !== 0)),
  Or: binary((a, b) => truth(a !== 0 || b !== 0)),
  Where: (inputs) => (at(inputs, 0) !== 0 ? at(inputs, 1) : at(inputs, 2)),
  Identity: unary((x) => x),
  // Layout changes between the parts of one spelled-out function leave each entry what it is.
  Transpose: unary((x) => x),
};

/** Only their first input carries entries; the others are axes or a type. */
const LAYOUT_OPERATORS = new Set(['Squeeze', 'Unsqueeze', 'CastLike']);

/** Whether {@link evaluate} knows the operator: each output entry depends on one entry of each input. */
export function isElementwise(node: GraphNode): boolean {
  return (
    node.domain === '' &&
    (Object.hasOwn(OPERATORS, node.opType) ||
      LAYOUT_OPERATORS.has(node.opType) ||
      ['Clip', 'HardSigmoid', 'Cast', 'LeakyRelu', 'Elu'].includes(node.opType))
  );
}

/** Inputs of an element-wise node that carry entries. */
export function entryInputs(node: GraphNode): readonly string[] {
  const first = LAYOUT_OPERATORS.has(node.opType) || node.opType === 'Clip';
  return (first ? node.inputs.slice(0, 1) : node.inputs).filter((input) => input !== '');
}

/**
 * The node's output at each sample point, from its inputs' ({@link entryInputs}) values there.
 * @returns undefined where the operator is unknown or depends on something that is no constant.
 */
export function evaluate(graph: Graph, node: GraphNode, inputs: readonly Samples[]): Samples | undefined {
  const formula = formulaOf(graph, node);
  const points = inputs[0]?.length;
  if (formula === undefined || points === undefined) return undefined;
  return Array.from({ length: points }, (_, point) => formula(inputs.map((samples) => samples[point] ?? NaN)));
}

function formulaOf(graph: Graph, node: GraphNode): Elementwise | undefined {
  if (node.domain !== '') return undefined;
  if (LAYOUT_OPERATORS.has(node.opType)) return unary((x) => x);
  switch (node.opType) {
    case 'Clip': {
      const bound = (position: number, attribute: string, open: number): number | undefined => {
        const input = node.inputs[position] ?? '';
        return input === '' ? (attributeFloat(node, attribute) ?? open) : scalarConstant(graph, input);
      };
      const lower = bound(1, 'min', -Infinity);
      const upper = bound(2, 'max', Infinity);
      if (lower === undefined || upper === undefined) return undefined;
      return unary((x) => Math.min(Math.max(x, lower), upper));
    }
    case 'HardSigmoid': {
      const alpha = attributeFloat(node, 'alpha') ?? 0.2;
      const beta = attributeFloat(node, 'beta') ?? 0.5;
      return unary((x) => Math.min(Math.max(alpha * x + beta, 0), 1));
    }
    case 'LeakyRelu': {
      const alpha = attributeFloat(node, 'alpha') ?? 0.01;
      return unary((x) => (x < 0 ? alpha * x : x));
    }
    case 'Elu': {
      const alpha = attributeFloat(node, 'alpha') ?? 1;
      return unary((x) => (x < 0 ? alpha * Math.expm1(x) : x));
    }
    case 'Cast': {
      const to = attributeInt(node, 'to');
      if (to === DataType.BOOL) return unary((x) => truth(x !== 0));
      const floating = [DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE, DataType.BFLOAT16] as readonly (
        number | undefined
      )[];
      return floating.includes(to) ? unary((x) => x) : undefined;
    }
    default:
      return Object.hasOwn(OPERATORS, node.opType) ? OPERATORS[node.opType] : undefined;
  }
}
