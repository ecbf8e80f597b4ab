/** Which nodes lie on the way from the start of a cut to its end, and how each is read. Knows no operator. */
import { safeTensorDims } from '../../formats/onnx/tensor-proto.js';
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { attributeGraphs } from '../../formats/onnx/walk.js';
import { capturedValues } from '../../graph/captured-values.js';
import { scalarConstant } from '../../graph/constants.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { elementCount } from '../../tensor/tensor.js';
import type { GraphWriter } from '../graph-writer.js';
import { calculator, FLOAT_TYPES, type Calculator } from './calculator.js';
import type { Shape } from './linear-map.js';
import type { GateShare, Linear, Reading, Site, Term } from './rule.js';
import { ruleOf } from './table.js';

/** Types and sizes of all values at the input of the run. */
export interface KnownShapes {
  typeOf(value: string): string | undefined;
  shapeOf(value: string): readonly number[] | undefined;
}

export interface Cut {
  /** Where the system starts: inputs, inner values, or weights. Each is a variable of its own. */
  readonly from: readonly string[];
  /** Where it ends. */
  readonly to: readonly string[];
}

/** A node that is not read, and what lies behind it is held still. */
export interface CutNode {
  readonly node: GraphNode;
  readonly values: readonly string[];
  readonly reason: string;
}

export interface InexactNode {
  readonly node: GraphNode;
  readonly reason: string;
}

/** One output of one node as an affine function. */
export interface Step {
  readonly node: GraphNode;
  readonly output: string;
  readonly calc: Calculator;
  /** Terms of inputs that depend on the start. */
  readonly moving: readonly Term[];
  /** Terms of inputs that do not: biases of this node. */
  readonly resting: readonly Term[];
  readonly offset: (() => string) | undefined;
}

export interface Plan {
  /** In the order of the graph; only what the end depends on. */
  readonly steps: readonly Step[];
  readonly cutNodes: readonly CutNode[];
  readonly inexact: readonly InexactNode[];
  /** The ends that depend on the start. */
  readonly reached: readonly string[];
  shape(value: string): Shape;
  calc(value: string): Calculator;
  isFloat(value: string): boolean;
}

export interface PlanRequest extends Cut {
  readonly graph: Graph;
  readonly shapes: KnownShapes;
  readonly reading: (node: GraphNode) => Reading;
  /** Under the frozen reading; `none` where nothing is said. */
  readonly gates?: GateShare;
  /**
   * Inner values that rows are read off on the way: a variable each, but unlike a start not cut from what computes it.
   * There may be values to read off without any start.
   */
  readonly through?: readonly string[];
  /** Why an operator that could be written out stayed, by the first output of its node. */
  readonly unread?: ReadonlyMap<string, string>;
  readonly writer: GraphWriter;
}

export function planSteps(request: PlanRequest): Plan {
  const { graph, from, to, writer, through = [] } = request;
  const starts = new Set(from);
  const active = new Set([...from, ...through]);
  const cutNodes: CutNode[] = [];
  const inexact = new Map<GraphNode, string>();
  const steps: Step[] = [];
  const known = knownValues(request);
  const wanted = neededNodes(graph, to, starts);
  for (const node of graph.order) {
    if (!wanted.has(node) || !valuesRead(node).some((value) => active.has(value))) continue;
    const read = readNode(node, request, known, active);
    const cut = read.cut.filter((value) => value !== '' && !active.has(value));
    if (read.reason !== undefined && cut.length > 0) cutNodes.push({ node, values: cut, reason: read.reason });
    for (const step of read.steps) {
      if (starts.has(step.output)) continue;
      steps.push(step);
      active.add(step.output);
    }
    if (read.inexact !== undefined) inexact.set(node, read.inexact);
  }
  const needed = neededSteps(steps, to, starts);
  const nodes = new Set(needed.map(({ node }) => node));
  return {
    steps: needed,
    cutNodes,
    inexact: [...inexact].flatMap(([node, reason]) => (nodes.has(node) ? [{ node, reason }] : [])),
    reached: to.filter((value) => active.has(value)),
    shape: (value) => known.shape(value) ?? [],
    calc: (value) => calculator(writer, known.floatType(value) ?? DataType.FLOAT),
    isFloat: (value) => known.floatType(value) !== undefined,
  };
}

export interface KnownValues {
  shape(value: string): Shape | undefined;
  floatType(value: string): DataType | undefined;
  typeName(value: string): string | undefined;
}

/** Types and sizes of all values, those that are stored included. */
export function knownValues({ graph, shapes }: Pick<PlanRequest, 'graph' | 'shapes'>): KnownValues {
  const typeName = (value: string): string | undefined => shapes.typeOf(value) ?? graph.valueInfo(value)?.type;
  return {
    typeName,
    floatType: (value) => FLOAT_TYPES[typeName(value) ?? ''],
    shape(value) {
      const tensor = graph.initializer(value);
      return shapes.shapeOf(value) ?? (tensor === undefined ? undefined : safeTensorDims(tensor));
    },
  };
}

/** What a node reads, also through the graphs in it. */
export function valuesRead({ inputs, proto }: GraphNode): readonly string[] {
  const inner = attributeGraphs(proto);
  return inner.length === 0 ? inputs : [...inputs, ...inner.flatMap(({ graph }) => [...capturedValues(graph)])];
}

/** Nodes that the ends depend on, without those behind a start. */
export function neededNodes(graph: Graph, to: readonly string[], starts: ReadonlySet<string>): ReadonlySet<GraphNode> {
  const nodes = new Set<GraphNode>();
  const seen = new Set<string>();
  const open = [...to];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (seen.has(value) || starts.has(value)) continue;
    seen.add(value);
    const node = graph.producerOf(value);
    if (node === undefined || nodes.has(node)) continue;
    nodes.add(node);
    open.push(...valuesRead(node));
  }
  return nodes;
}

/** Steps that the ends depend on through moving terms. */
function neededSteps(steps: readonly Step[], to: readonly string[], starts: ReadonlySet<string>): Step[] {
  const needed = new Set(to);
  const kept: Step[] = [];
  for (const step of [...steps].reverse()) {
    if (!needed.has(step.output) || starts.has(step.output)) continue;
    kept.push(step);
    for (const { input } of step.moving) needed.add(step.node.inputs[input] ?? '');
  }
  return kept.reverse();
}

interface ReadNode {
  readonly steps: readonly Step[];
  readonly cut: readonly string[];
  readonly reason?: string;
  readonly inexact?: string | undefined;
}

function readNode(node: GraphNode, request: PlanRequest, known: KnownValues, active: ReadonlySet<string>): ReadNode {
  const { graph, reading } = request;
  const isRead = (value: string): boolean => request.to.includes(value) || graph.consumersOf(value).length > 0;
  const outputs = node.outputs.filter((value) => value !== '' && isRead(value));
  const rule = ruleOf(node);
  if (rule === undefined) {
    // Shapes, comparisons and indices of numbers do not move with them.
    const numbers = [...outputs, ...node.inputs.filter((value) => active.has(value))];
    if (numbers.every((value, at) => (known.floatType(value) === undefined) === at < outputs.length && typed(value))) {
      return { steps: [], cut: [] };
    }
    const stayed = request.unread?.get(node.outputs.find((value) => value !== '') ?? '');
    return { steps: [], cut: outputs, reason: stayed ?? `${operatorName(node)} has no rule` };
  }
  function typed(value: string): boolean {
    return known.typeName(value) !== undefined;
  }
  const unknown = [...node.inputs, ...outputs].find((value) => value !== '' && known.shape(value) === undefined);
  if (unknown !== undefined) return { steps: [], cut: outputs, reason: `the shape of “${unknown}” is not known` };
  // What is empty takes part in nothing.
  if (outputs.every((value) => elementCount(known.shape(value) ?? []) === 0)) return { steps: [], cut: [] };
  const site = siteOf(node, request, known, active);
  const read = rule(site, reading(node));
  if ('declined' in read) return { steps: [], cut: outputs, reason: read.declined };
  const linears = Array.isArray(read) ? (read as readonly Linear[]) : [read as Linear];
  const steps = linears.flatMap((linear, place): Step[] => {
    const output = node.outputs[place] ?? '';
    if (output === '' || elementCount(known.shape(output) ?? [0]) === 0) return [];
    const terms = linear.terms.filter(({ input }) => elementCount(known.shape(site.input(input)) ?? []) > 0);
    const moving = terms.filter(({ input }) => site.isActive(input));
    const resting = terms.filter(({ input }) => !site.isActive(input));
    return moving.length === 0 ? [] : [{ node, output, calc: site.calc, moving, resting, offset: linear.offset }];
  });
  const silent = node.outputs.slice(linears.length).filter((value) => outputs.includes(value));
  const numbers = silent.filter((value) => known.floatType(value) !== undefined);
  return {
    steps,
    cut: numbers,
    ...(numbers.length > 0 ? { reason: `${operatorName(node)} has a rule for its first output only` } : {}),
    inexact: linears.find(({ inexact }) => inexact !== undefined)?.inexact,
  };
}

export function operatorName({ domain, opType }: GraphNode): string {
  return domain === '' ? opType : `${domain}.${opType}`;
}

/**
 * A node as rules see it.
 * @param active values that depend on the start and are read
 * @param depending all that depend on it
 */
export function siteOf(
  node: GraphNode,
  { graph, writer, gates = 'none' }: Pick<PlanRequest, 'graph' | 'writer' | 'gates'>,
  known: KnownValues,
  active: ReadonlySet<string>,
  depending: ReadonlySet<string> = active,
): Site {
  const input = (position: number): string => node.inputs[position] ?? '';
  const shape = (value: string): Shape => known.shape(value) ?? [];
  const output = node.outputs[0] ?? '';
  const types = [...node.outputs, ...node.inputs].map((value) => known.floatType(value));
  return {
    graph,
    node,
    calc: calculator(writer, types.find((type) => type !== undefined) ?? DataType.FLOAT),
    input,
    output,
    typeOf: (value) => known.floatType(value),
    isTrue: (position) => scalarConstant(graph, input(position)) === 1,
    shape,
    from: shape(input(0)),
    to: shape(output),
    isActive: (position) => active.has(input(position)),
    dependsOnStart: (value) => depending.has(value),
    gates,
  };
}
