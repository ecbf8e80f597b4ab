import type { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import type { GraphNode, Graph } from '../../graph/graph.js';
import type { Calculator } from './calculator.js';
import type { LinearMap, Shape } from './linear-map.js';

/**
 * How an operator is read as a linear map at the input of the run (methods, section 0.1). The third reading of the table,
 * over a box of inputs instead of at one, is in `bounds/relaxation.ts`.
 */
export type Reading = 'frozen' | 'tangent';

/** What a gate gets of a product that it opens and closes: nothing, it is held still, or as much as what it gates. */
export type GateShare = 'none' | 'half';

/** What one operand adds to an output. */
export interface Term {
  /** Position among the node's inputs. */
  readonly input: number;
  readonly map: LinearMap;
}

/**
 * An output as an affine function of the node's inputs: y = Σ map(input) + offset. Terms of inputs that do not depend on
 * the start of the cut are booked as biases of the node, so a rule names all operands that are added up.
 */
export interface Linear {
  readonly terms: readonly Term[];
  /** A value without seed axis that spreads to the output's shape; written only where it is needed. */
  readonly offset?: () => string;
  /** Why the map is not what the operator does near the input: rounding that is passed straight through. */
  readonly inexact?: string;
}

/** Why a rule has no reading of a node; its outputs are cut off. */
export interface Declined {
  readonly declined: string;
}

/** A node at the input of the run, as rules see it. */
export interface Site {
  readonly graph: Graph;
  readonly node: GraphNode;
  /** Computes in the type of the node's first floating-point output. */
  readonly calc: Calculator;
  /** Name of an input; "" where it is left out. */
  input(position: number): string;
  /** Name of an output, also where the node leaves it out: then it is only good for not being read. */
  readonly output: string;
  /** Its floating-point type; undefined for any other value. */
  typeOf(value: string): DataType | undefined;
  /** Whether an input is a constant that says yes. */
  isTrue(position: number): boolean;
  /** Sizes of a value at this input. Only asked of values that are known to have them. */
  shape(value: string): Shape;
  /** Sizes of the first input and of the first output. */
  readonly from: Shape;
  readonly to: Shape;
  /** Whether an input depends on the start of the cut. */
  isActive(position: number): boolean;
  /** Whether a value does. */
  dependsOnStart(value: string): boolean;
  readonly gates: GateShare;
}

/** One reading per output, in order; outputs that a rule leaves out are cut off where something reads them. */
export type Rule = (site: Site, reading: Reading) => Linear | readonly Linear[] | Declined;

export function only(input: number, map: LinearMap, offset?: () => string): Linear {
  return { terms: [{ input, map }], ...(offset === undefined ? {} : { offset }) };
}

/** The output is held still: whatever it is, it is booked where it is added to something that moves. */
export const HELD: Linear = { terms: [] };

export function declined(reason: string): Declined {
  return { declined: reason };
}

/** The rule, for nodes whose parameters (inputs from a position on) do not depend on the start of the cut. */
export function withFixed(first: number, rule: Rule, last = Infinity): Rule {
  return (site, reading) => {
    const moving = site.node.inputs.findIndex((_, at) => at >= first && at <= last && site.isActive(at));
    return moving < 0 ? rule(site, reading) : declined(`its parameter ${moving + 1} depends on the input`);
  };
}

/** y − Σ map(input at x₀): the offset of a map that is the derivative. @param result output and sizes, of the first. */
export function remainder(
  site: Site,
  terms: readonly Term[],
  { output, to }: { readonly output: string; readonly to: Shape } = site,
): () => string {
  return () => {
    const { calc } = site;
    return terms.reduce((rest, { input, map }) => {
      const value = calc.reshape(site.input(input), [1, ...site.shape(site.input(input))]);
      return calc.op('Sub', rest, calc.reshape(map.forward(value), to));
    }, output);
  };
}
