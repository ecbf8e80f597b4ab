/** Types and shapes of a model's values as a run produces them: of the main graph, and of the bodies in it. */
import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  ValueInfoProtoSchema,
  TensorProto_DataType as DataType,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from '../../src/core/formats/onnx/onnx_pb.js';
import type { ScopeStep } from '../../src/core/graph/item-ids.js';
import { bodyScopes, mainScope } from '../../src/core/graph/graph-scopes.js';
import { calledFunction } from '../../src/core/graph/function-body.js';
import { createGraph, type Graph, type GraphNode } from '../../src/core/graph/graph.js';
import { int64Tensor, makeNode, makeValueInfo } from '../../src/core/rewrite/nodes.js';
import type { NamedTensors } from '../../src/core/tensor/tensor.js';

/** A body, and the values in it that are to be observed. */
export interface BodyValues {
  readonly step: ScopeStep;
  readonly values: readonly string[];
}

/** Every body of the main graph's nodes that values can be observed in. */
export function bodySteps(graph: Graph): ScopeStep[] {
  return graph.nodes.flatMap((node) => {
    const isObservable = node.domain !== '' || ['If', 'Loop', 'Scan'].includes(node.opType);
    return isObservable ? bodyScopes(mainScope(graph), node).map((_, body) => ({ node: node.index, body })) : [];
  });
}

export interface ObservedValues {
  /** Values of the main graph that become outputs. */
  readonly whole: readonly string[];
  /** Values of the main graph of which only the shape can be handed out: their numbers have no type in JavaScript. */
  readonly shapes: readonly string[];
  readonly bodies: readonly BodyValues[];
}

/** The model with its values, or their shapes, as outputs; of values in bodies the shapes in every round. */
export function observedModel(model: ModelProto, { whole, shapes, bodies }: ObservedValues): ModelProto {
  const graph = model.graph ?? create(GraphProtoSchema);
  const view = createGraph(model);
  const functions: FunctionProto[] = [];
  const added: string[] = [];
  const node = graph.node.map((proto, index): NodeProto => {
    const own = bodies.filter(({ step, values }) => step.node === index && values.length > 0);
    const place = view.nodes[index];
    if (own.length === 0 || place === undefined) return proto;
    const names = own.flatMap(({ step, values }) => values.map((value) => shapeName(step, value)));
    added.push(...names);
    const called = calledFunction(model, proto);
    if (called === undefined) return observedNode(place, own, names);
    const opType = `${proto.opType} of ${index}`;
    functions.push({
      ...called,
      name: opType,
      node: [...called.node, ...own.flatMap(({ step, values }) => shapeNodes(step, values))],
      output: [...called.output, ...names],
    });
    // Optional outputs that the call leaves out stay empty.
    const output = [...proto.output, ...called.output.slice(proto.output.length).map(() => ''), ...names];
    return { ...proto, opType, output };
  });
  const known = new Set(graph.output.map(({ name }) => name));
  const outputs = [...whole.filter((value) => !known.has(value)), ...shapes.map(shapeOfValue), ...added];
  return create(ModelProtoSchema, {
    ...model,
    functions: [...model.functions, ...functions],
    graph: {
      ...graph,
      node: [...node, ...shapes.map((value) => makeNode('Shape', [value], [shapeOfValue(value)]))],
      output: [...graph.output, ...outputs.map((name) => create(ValueInfoProtoSchema, { name }))],
    },
  });
}

/** Element type (where the run tells) and shape of a value of the main graph; undefined where it was not observed. */
export function observed(
  outputs: NamedTensors,
  value: string,
): { readonly type?: string; readonly shape: readonly number[] } | undefined {
  const tensor = outputs[value];
  if (tensor !== undefined) return { type: tensor.type, shape: tensor.dims };
  const shape = outputs[shapeOfValue(value)];
  return shape && { shape: Array.from(shape.data as BigInt64Array, Number) };
}

/** Shapes of a body's value, one for each round that ran; empty where none did, or another branch. */
export function observedInBody(outputs: NamedTensors, step: ScopeStep, value: string): (readonly number[])[] {
  const tensor = outputs[shapeName(step, value)];
  if (tensor === undefined) return [];
  const numbers = Array.from(tensor.data as BigInt64Array, Number);
  if (tensor.dims.length === 1) return numbers[0] === NOT_RUN ? [] : [numbers];
  const rank = tensor.dims.at(-1) ?? 0;
  const rounds = tensor.dims.slice(0, -1).reduce((product, size) => product * size, 1);
  return Array.from({ length: rounds }, (_, round) => numbers.slice(round * rank, (round + 1) * rank));
}

const NOT_RUN = -1;

function shapeOfValue(value: string): string {
  return `shape of ${value}`;
}

function shapeName({ node, body }: ScopeStep, value: string): string {
  return `shape ${node}.${body} ${value}`;
}

function shapeNodes(step: ScopeStep, values: readonly string[]): NodeProto[] {
  return values.map((value) => makeNode('Shape', [value], [shapeName(step, value)]));
}

/** If, Loop or Scan with the shapes as further outputs; the branch that has no such value gives a mark instead. */
function observedNode({ proto, opType, index }: GraphNode, own: readonly BodyValues[], names: string[]): NodeProto {
  let body = -1;
  const withShapes = (graph: GraphProto): GraphProto => {
    body++;
    const mine = own.find(({ step }) => step.body === body)?.values ?? [];
    const step = { node: index, body };
    const made = new Set(mine.map((value) => shapeName(step, value)));
    const marks = opType === 'If' ? names.filter((name) => !made.has(name)) : [];
    const mark = int64Tensor(`mark ${index}`, [1], [NOT_RUN]);
    return {
      ...graph,
      initializer: marks.length === 0 ? graph.initializer : [...graph.initializer, mark],
      node: [
        ...graph.node,
        ...shapeNodes(step, mine),
        ...marks.map((name) => makeNode('Identity', [mark.name], [name])),
      ],
      output: [...graph.output, ...names.map((name) => makeValueInfo(name, DataType.INT64, ['']))],
    };
  };
  const attribute = proto.attribute.map((each) => (each.g === undefined ? each : { ...each, g: withShapes(each.g) }));
  return { ...proto, attribute, output: [...proto.output, ...names] };
}
