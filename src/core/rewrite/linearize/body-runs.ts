/** What the control flow of a graph does at one input: branches taken, times that loops run, lengths of sequences. */
import {
  TensorProto_DataType as DataType,
  type AttributeProto,
  type ModelProto,
  type NodeProto,
} from '../../formats/onnx/onnx_pb.js';
import { attributeInt, attributeInts } from '../../graph/attributes.js';
import { scalarConstant } from '../../graph/constants.js';
import type { Graph, GraphNode, Subgraph } from '../../graph/graph.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import { graphWriter, type GraphWriter } from '../graph-writer.js';
import { makeValueInfo } from '../nodes.js';
import { prune } from '../prune.js';
import { valuesRead } from './plan.js';

/** Undefined where it cannot be told. */
export interface BodyRun {
  /** 1 for a branch; steps of a Loop or Scan. */
  readonly times: number | undefined;
  /** Of an If. */
  readonly isTrue?: boolean;
  /** Whether it follows from numbers of the input: another input of the same sizes may go another way. */
  readonly isOfThisInput: boolean;
}

/** How a node's run is learnt: known beforehand, or read off a value of the written graph. */
interface Question {
  readonly known?: number | undefined;
  /** A value to look at, and what its tensor says. */
  readonly value?: string;
  readonly read?: (tensor: Tensor) => number | undefined;
  /** Values that decide. */
  readonly deciding: readonly string[];
}

/** @param run runs a graph at the input; one that has just what is needed to tell. Not called where all is constant. */
export async function bodyRuns(
  graph: Graph,
  nodes: readonly GraphNode[],
  run: (model: ModelProto) => Promise<NamedTensors>,
): Promise<ReadonlyMap<GraphNode, BodyRun>> {
  const writer = graphWriter(graph.model);
  const counted = new Map<NodeProto, NodeProto>();
  const questions = nodes.map((node) => question(graph, node, writer, counted));
  const wanted = questions.flatMap(({ value }) => value ?? []);
  const node = graph.proto.node.map((each) => counted.get(each) ?? each);
  const model = writer.extend({ ...graph.model, graph: { ...graph.proto, node } });
  const seen = wanted.length === 0 ? {} : await run(prune(model, wanted));
  const moving = wanted.length === 0 ? new Set<string>() : valuesOfInput(graph);
  return new Map(
    questions.map(({ known, value = '', read, deciding }, at): [GraphNode, BodyRun] => {
      const each = nodes[at] as GraphNode;
      const tensor = seen[value];
      const told = known ?? (tensor && read?.(tensor));
      const isOfThisInput = known === undefined && deciding.some((name) => moving.has(name));
      if (each.opType !== 'If') return [each, { times: told, isOfThisInput }];
      return [each, { times: told === undefined ? undefined : 1, isTrue: told === 1, isOfThisInput }];
    }),
  );
}

function question(graph: Graph, node: GraphNode, writer: GraphWriter, counted: Map<NodeProto, NodeProto>): Question {
  const [first = '', second = ''] = node.inputs;
  switch (node.opType) {
    case 'If': {
      const known = scalarConstant(graph, first);
      if (known !== undefined) return { known: Number(known !== 0), deciding: [] };
      return { value: writer.node('Identity', [first]), read: onlyNumber, deciding: [first] };
    }
    case 'Loop': {
      const [body] = graph.subgraphs(node);
      if (body === undefined) return { deciding: [] };
      const most = first === '' ? undefined : scalarConstant(graph, first);
      const goesOn = staysTrue(body.graph) && (second === '' || scalarConstant(graph, second) === 1);
      if (goesOn && most !== undefined) return { known: Math.max(0, most), deciding: [] };
      const { value, proto } = countedLoop(node, body, writer);
      counted.set(node.proto, proto);
      return { value, read: ({ dims }) => dims[0], deciding: goesOn ? [first] : valuesRead(node) };
    }
    default: {
      const scanned = scanOf(node);
      if (scanned === undefined) return { deciding: [] };
      const axis = scanned.inputAxes[0] ?? 0;
      const value = writer.node('Shape', [node.inputs[scanned.states] ?? '']);
      // Sizes that follow from numbers are found where the sizes of all values are.
      return { value, read: ({ data }) => sizeAt(data, axis), deciding: [] };
    }
  }
}

function onlyNumber({ data }: Tensor): number | undefined {
  return data.length === 1 ? Number(Number(data[0]) !== 0) : undefined;
}

function sizeAt(sizes: Tensor['data'], axis: number): number | undefined {
  const size = sizes[axis < 0 ? axis + sizes.length : axis];
  return size === undefined ? undefined : Number(size);
}

/** Whether the condition that a step gives is the one it got, or constant and true. */
function staysTrue(body: Graph): boolean {
  let value = body.outputs[0]?.name ?? '';
  for (let made = body.producerOf(value); made?.opType === 'Identity'; made = body.producerOf(value)) {
    value = made.inputs[0] ?? '';
  }
  return value === body.proto.input[1]?.name || scalarConstant(body, value) === 1;
}

/** The same Loop, with one more output that has one number for each step. */
function countedLoop(
  node: GraphNode,
  { graph, attribute }: Subgraph,
  writer: GraphWriter,
): { readonly value: string; readonly proto: NodeProto } {
  let tick = '';
  const one = writer.body((inside) => (tick = inside.node('Identity', [inside.int(1)])));
  const proto = {
    ...graph.proto,
    node: [...graph.proto.node, ...one.node],
    output: [...graph.proto.output, makeValueInfo(tick, DataType.INT64, [])],
  };
  const value = `${tick} of all steps`;
  const outputs = Array.from({ length: graph.outputs.length - 1 }, (_, at) => node.outputs[at] ?? '');
  return {
    value,
    proto: {
      ...node.proto,
      output: [...outputs, value],
      attribute: node.proto.attribute.map((each): AttributeProto =>
        each.name === attribute ? { ...each, g: proto } : each,
      ),
    },
  };
}

/** How a Scan takes its inputs apart and puts its outputs together; undefined where it does not say how many it takes. */
export interface Scanned {
  /** Inputs that are handed from step to step; the ones behind are taken apart. */
  readonly states: number;
  readonly inputAxes: readonly number[];
  readonly inputsReversed: readonly boolean[];
  readonly outputAxes: readonly number[];
  readonly outputsReversed: readonly boolean[];
}

export function scanOf(node: GraphNode): Scanned | undefined {
  const scanned = attributeInt(node, 'num_scan_inputs') ?? 0;
  if (scanned < 1 || scanned > node.inputs.length) return undefined;
  const list = (name: string): readonly number[] => attributeInts(node, name) ?? [];
  return {
    states: node.inputs.length - scanned,
    inputAxes: list('scan_input_axes'),
    inputsReversed: list('scan_input_directions').map((each) => each === 1),
    outputAxes: list('scan_output_axes'),
    outputsReversed: list('scan_output_directions').map((each) => each === 1),
  };
}

/** Values that depend on numbers of the inputs, not on their sizes alone. */
function valuesOfInput(graph: Graph): ReadonlySet<string> {
  const values = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.order) {
    if (node.domain === '' && (node.opType === 'Shape' || node.opType === 'Size')) continue;
    if (!valuesRead(node).some((value) => values.has(value))) continue;
    for (const output of node.outputs) values.add(output);
  }
  values.delete('');
  return values;
}
