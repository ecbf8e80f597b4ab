/**
 * What lies between a box of inputs and the values to be bounded: every node that depends on the box as an affine step or
 * as one that is relaxed. Where a node can be neither, bounds end there, and everything behind it is unbounded: unlike in
 * a linear system nothing is held still, since it moves with the input. Knows no operator.
 */
import { problem } from '../../../errors.js';
import { TensorProto_DataType as DataType } from '../../../formats/onnx/onnx_pb.js';
import type { Graph, GraphNode } from '../../../graph/graph.js';
import { elementCount } from '../../../tensor/tensor.js';
import type { Calculator } from '../calculator.js';
import type { Shape } from '../linear-map.js';
import { knownValues, neededNodes, operatorName, siteOf, valuesRead, type CutNode, type KnownShapes } from '../plan.js';
import type { Linear } from '../rule.js';
import { boundsRuleOf, ruleOf } from '../table.js';
import { affineStep, type AffineStep } from './affine-step.js';
import type { Relax } from './relaxation.js';
import type { Trace } from './written.js';

export interface RelaxedStep {
  readonly kind: 'relaxed';
  readonly node: GraphNode;
  readonly output: string;
  readonly calc: Calculator;
  readonly relax: Relax;
  /** Inputs that depend on the box and that bounds are taken from, each once. */
  readonly inputs: readonly string[];
}

export type BoundsStep = AffineStep | RelaxedStep;

export interface BoundsPlan {
  /** In the order of the graph; only what the ends depend on. */
  readonly steps: readonly BoundsStep[];
  /** Where bounds end, and the values behind that have none. */
  readonly cutNodes: readonly CutNode[];
  /** The ends that have bounds. */
  readonly reached: readonly string[];
  /** The boxes that they depend on. */
  readonly starts: readonly string[];
  shape(value: string): Shape;
}

export interface BoundsRequest {
  readonly graph: Graph;
  readonly shapes: KnownShapes;
  /** Values that lie in a box; everything else that is fed keeps the value that it is fed with. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Bounds are computed in single precision at least: rounding of half precision would be larger than what it bounds. */
const WIDE_TYPES: ReadonlySet<DataType | undefined> = new Set([DataType.FLOAT, DataType.DOUBLE]);

export function planBounds(request: BoundsRequest, trace: Trace): BoundsPlan {
  const { graph, from, to, shapes } = request;
  const known = knownValues({ graph, shapes });
  const bounded = new Set(from);
  /** Everything that moves with the input, bounded or not, numbers or not. */
  const moving = new Set(from);
  const steps = new Map<string, BoundsStep>();
  const cutNodes: CutNode[] = [];
  const wanted = neededNodes(graph, to, bounded);
  for (const node of graph.order) {
    const reads = valuesRead(node);
    // Sizes are the same for every input of the same shape.
    if (!wanted.has(node) || SIZES.has(node.opType) || !reads.some((value) => moving.has(value))) continue;
    const outputs = node.outputs.filter((value) => value !== '' && !from.includes(value));
    for (const value of outputs) moving.add(value);
    const read = readNode(node, reads);
    const made = typeof read === 'string' ? [] : read;
    for (const step of made) {
      steps.set(step.output, step);
      bounded.add(step.output);
    }
    const isRead = (value: string): boolean => to.includes(value) || graph.consumersOf(value).length > 0;
    // What is no number is not missed itself, but where a coefficient is taken from it.
    const cut = outputs.filter((value) => isNumber(value) && !bounded.has(value) && isRead(value));
    if (cut.length > 0) {
      const reason = typeof read === 'string' ? read : `${operatorName(node)} is bounded in its first output only`;
      cutNodes.push({ node, values: cut, reason });
    }
  }
  const { kept, starts } = needed(steps, to, from);
  return {
    steps: kept,
    // What is unbounded because of a node before it is not named again.
    cutNodes: cutNodes.filter(({ node }) => !valuesRead(node).some((value) => isNumber(value) && isOpen(value))),
    reached: to.filter((value) => bounded.has(value)),
    starts,
    shape: (value) => known.shape(value) ?? [],
  };

  function isNumber(value: string): boolean {
    return known.floatType(value) !== undefined;
  }

  function isOpen(value: string): boolean {
    return moving.has(value) && !bounded.has(value);
  }

  function readNode(node: GraphNode, reads: readonly string[]): readonly BoundsStep[] | string {
    // A condition that moves leaves both choices open: the rule says what that means.
    const unbounded = reads.find((value) => isOpen(value) && known.typeName(value) !== 'bool');
    if (unbounded !== undefined) return `“${unbounded}”, which it reads, has no bounds`;
    const rule = ruleOf(node);
    const bounds = boundsRuleOf(node);
    if (rule === undefined || bounds === undefined) return `${operatorName(node)} has no rule for bounds`;
    const output = node.outputs[0] ?? '';
    const floats = [output, ...node.inputs.filter((value) => bounded.has(value))];
    if (floats.some((value) => !WIDE_TYPES.has(known.floatType(value)))) {
      return 'it computes in half precision or in whole numbers, which round by more than bounds cover (an export in float32 has bounds)';
    }
    const unknown = [...node.inputs, output].find((value) => value !== '' && known.shape(value) === undefined);
    if (unknown !== undefined) return `the shape of “${unknown}” is not known`;
    if (elementCount(known.shape(output) ?? []) === 0) return 'it is empty';
    const since = trace.nodes.length;
    const site = siteOf(node, { graph, writer: trace.writer }, known, bounded, moving);
    const found = bounds(site);
    if (found !== 'affine') {
      if ('declined' in found) return found.declined;
      const { relax, inputs: asked } = typeof found === 'function' ? { relax: found, inputs: undefined } : found;
      const used = asked?.map((at) => node.inputs[at] ?? '') ?? node.inputs;
      const inputs = [...new Set(used.filter((value) => bounded.has(value)))];
      return [{ kind: 'relaxed', node, output, calc: site.calc, relax, inputs }];
    }
    const read = rule(site, 'tangent');
    if ('declined' in read) return read.declined;
    const linears = Array.isArray(read) ? (read as readonly Linear[]) : [read as Linear];
    const steps: BoundsStep[] = [];
    for (const [place, linear] of linears.entries()) {
      const value = node.outputs[place] ?? '';
      if (value === '') continue;
      const at = { site, linear, output: value, trace, since, depends: (each: string) => moving.has(each) };
      const step = affineStep(at);
      if (typeof step === 'string') return step;
      steps.push(step);
    }
    return steps;
  }
}

const SIZES: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** Steps that the ends depend on, and the starts. */
function needed(
  steps: ReadonlyMap<string, BoundsStep>,
  to: readonly string[],
  from: readonly string[],
): { readonly kept: BoundsStep[]; readonly starts: string[] } {
  const wanted = new Set<string>();
  const open = [...to];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (wanted.has(value)) continue;
    wanted.add(value);
    const step = steps.get(value);
    if (step !== undefined) open.push(...inputsOf(step));
  }
  return {
    kept: [...steps.values()].filter(({ output }) => wanted.has(output)),
    starts: from.filter((value) => wanted.has(value)),
  };
}

/** Values in the box that a step reads. */
export function inputsOf(step: BoundsStep): readonly string[] {
  if (step.kind === 'relaxed') return step.inputs;
  return [...new Set(step.moving.map(({ input }) => step.node.inputs[input] ?? ''))];
}

/** @throws ProblemError `not-applicable`: no end has bounds; names where they end. */
export function assertReached({ reached, cutNodes }: BoundsPlan, { from, to }: BoundsRequest): void {
  if (reached.length > 0) return;
  const [first] = cutNodes;
  throw problem('not-applicable', `Nothing between “${from.join('”, “')}” and “${to.join('”, “')}” can be bounded.`, {
    ...(first === undefined ? {} : { place: `value “${first.values[0] ?? ''}”` }),
    remedy: first === undefined ? 'Choose other ends.' : `${first.node.opType} is where bounds end: ${first.reason}.`,
  });
}
