/**
 * What is known of units that give the same number for every input: from where that was found out on through everything that
 * works on each unit by itself. Where a convolution or a product reads a unit that is 0, nothing is missing without it;
 * where it reads another constant, its share can go into the bias.
 */
import { safeTensorDims } from '../../formats/onnx/tensor-proto.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import type { ConcreteShapes } from '../infer-shapes.js';
import type { Coupling, Tie } from './coupling.js';
import type { Numbers } from './numbers.js';
import { unitRuleOf } from './rules.js';

/** By unit of a value; NaN where it is not constant, or not known to be. */
export type UnitConstants = Float64Array;

export interface KnownConstant {
  readonly value: string;
  readonly unit: number;
  readonly constant: number;
}

export interface ConstantContext {
  readonly graph: Graph;
  shapeOf(value: string): readonly number[] | undefined;
  /** Of a value that is followed; undefined for others. */
  constantsOf(value: string): UnitConstants | undefined;
  /** Numbers of a constant of the graph; undefined where it is none. */
  numbersOf(value: string): ArrayLike<number> | undefined;
  /** An operand of a node whose first output is followed, by unit of that output. */
  operand(node: GraphNode, position: number): (unit: number) => number;
  /** The first output of a node, computed unit by unit in its own precision. */
  output(node: GraphNode, compute: (unit: number) => number): UnitConstants | undefined;
}

/** What is known of a node's first output. */
export type ConstantRule = (node: GraphNode, context: ConstantContext) => UnitConstants | undefined;

/** @param numbers of small constants that rules may ask for, read before. */
export function unitConstants(
  graph: Graph,
  shapes: ConcreteShapes,
  coupling: Coupling,
  known: readonly KnownConstant[],
  numbers: ReadonlyMap<string, Numbers>,
): ReadonlyMap<string, UnitConstants> {
  const all = new Map<string, UnitConstants>();
  for (const { value, size } of coupling.followed.values()) all.set(value, new Float64Array(size).fill(NaN));
  const byValue = new Map<string, KnownConstant[]>();
  for (const each of known) byValue.set(each.value, [...(byValue.get(each.value) ?? []), each]);
  const context: ConstantContext = {
    graph,
    shapeOf: (value) => shapes.shapeOf(value),
    constantsOf: (value) => all.get(value),
    numbersOf: (value) => numbers.get(value)?.data,
    operand(node, position) {
      const value = node.inputs[position] ?? '';
      const own = all.get(value);
      const output = coupling.followed.get(node.outputs[0] ?? '');
      if (own !== undefined) return own.length === output?.size ? (unit) => own[unit] ?? NaN : () => NaN;
      const constant = numbers.get(value);
      if (constant === undefined || output === undefined) return () => NaN;
      if (constant.data.length === 1) return () => constant.data[0] ?? NaN;
      // Along the axis of the units and no other: one number for each of them.
      const dims = safeTensorDims(graph.initializer(value) ?? NOTHING) ?? [];
      const rank = shapes.shapeOf(output.value)?.length ?? 0;
      const axis = output.axis - rank + dims.length;
      const alone = dims[axis] === output.size && constant.data.length === output.size;
      return alone ? (unit) => constant.data[unit] ?? NaN : () => NaN;
    },
    output(node, compute) {
      const output = coupling.followed.get(node.outputs[0] ?? '');
      if (output === undefined) return undefined;
      const precise = shapes.typeOf(output.value) === 'float64';
      return Float64Array.from({ length: output.size }, (_, unit) =>
        precise ? compute(unit) : Math.fround(compute(unit)),
      );
    },
  };
  for (const node of graph.order) {
    const first = node.outputs[0] ?? '';
    const { constant: compute, moves } = unitRuleOf(node);
    if (moves === true) for (const tie of coupling.tiesOf(node)) carry(node, tie, all);
    const computed = coupling.followed.has(first) ? compute?.(node, context) : undefined;
    if (computed !== undefined) all.get(first)?.set(computed);
    for (const value of node.outputs) {
      for (const { unit, constant } of byValue.get(value) ?? []) {
        const units = all.get(value);
        if (units !== undefined) units[unit] = constant;
      }
    }
  }
  return all;
}

/** What a node that only moves numbers hands on. */
function carry(node: GraphNode, tie: Tie, all: ReadonlyMap<string, UnitConstants>): void {
  const [from, to] = [all.get(tie.from.value), all.get(tie.to.value)];
  if (from === undefined || to === undefined) return;
  const forwards = node.outputs.includes(tie.to.value);
  from.forEach((constant, unit) => {
    if (!forwards) {
      // Told from the result backwards; there one unit is one unit.
      if (tie.outer * tie.inner === 1) from[unit] = to[tie.offset + unit] ?? NaN;
      return;
    }
    for (let outer = 0; outer < tie.outer; outer++) {
      const first = tie.offset + (outer * tie.from.size + unit) * tie.inner;
      to.fill(constant, first, first + tie.inner);
    }
  });
}

const NOTHING = { dims: [] } as unknown as Parameters<typeof safeTensorDims>[0];
