/** The body of a model's own function as a graph, the way one call of it sees it. */
import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../formats/onnx/onnx_pb.js';
import { createGraph, type Graph, type GraphNode } from './graph.js';
import { typeProtoOf } from './value-type.js';

/** The functions of a model by what a node calls; the array is shared by all versions of a model. */
const tables = new WeakMap<readonly FunctionProto[], ReadonlyMap<string, FunctionProto>>();
const bodies = new WeakMap<Graph, Map<number, Graph>>();

/** The function of the model that a node calls; undefined for an operator. */
export function calledFunction(model: ModelProto, node: NodeProto): FunctionProto | undefined {
  if (model.functions.length === 0) return undefined;
  let table = tables.get(model.functions);
  if (table === undefined) {
    // Where two have one name the first counts.
    table = new Map(model.functions.map((each): [string, FunctionProto] => [key(each, each.name), each]).reverse());
    tables.set(model.functions, table);
  }
  return table.get(key(node, node.opType));
}

function key({ domain, overload }: { readonly domain: string; readonly overload: string }, name: string): string {
  return JSON.stringify([domain === 'ai.onnx' ? '' : domain, name, overload]);
}

/**
 * The body of the function that a node calls: its inputs have the types of the call's values, constants of the call are
 * constants of the body, and attributes that refer to the function's parameters have the values of the call.
 */
export function functionBody(graph: Graph, node: GraphNode, definition: FunctionProto): Graph {
  const known = bodies.get(graph) ?? new Map<number, Graph>();
  bodies.set(graph, known);
  const built = known.get(node.index) ?? buildBody(graph, node, definition);
  known.set(node.index, built);
  return built;
}

/** The parameters of a function with their values in one call; undefined where the call leaves out one without default. */
function functionParameters(
  node: NodeProto,
  definition: FunctionProto,
): ReadonlyMap<string, AttributeProto | undefined> {
  const parameters = new Map<string, AttributeProto | undefined>();
  const given = (name: string): AttributeProto | undefined => node.attribute.find((each) => each.name === name);
  for (const name of definition.attribute) parameters.set(name, given(name));
  for (const standard of definition.attributeProto) parameters.set(standard.name, given(standard.name) ?? standard);
  return parameters;
}

function buildBody(graph: Graph, node: GraphNode, definition: FunctionProto): Graph {
  const initializer: TensorProto[] = [];
  const input: ValueInfoProto[] = [];
  const absent = new Set<string>();
  definition.input.forEach((name, position) => {
    const value = node.inputs[position] ?? '';
    const tensor = value === '' ? undefined : graph.initializer(value);
    if (value === '') absent.add(name);
    else if (tensor !== undefined) initializer.push({ ...tensor, name });
    else input.push(create(ValueInfoProtoSchema, { name, type: typeProtoOf(graph.valueInfo(value)) }));
  });
  const filled = { parameters: functionParameters(node.proto, definition), absent };
  const { opsetImport } = definition.opsetImport.length > 0 ? definition : graph.model;
  return createGraph(
    create(ModelProtoSchema, {
      ...graph.model,
      opsetImport,
      graph: create(GraphProtoSchema, {
        name: definition.name,
        docString: definition.docString,
        node: definition.node.map((inner) => withCall(inner, filled)),
        initializer,
        input,
        output: definition.output.map((name) => create(ValueInfoProtoSchema, { name })),
        valueInfo: definition.valueInfo,
      }),
    }),
  );
}

interface Call {
  readonly parameters: ReadonlyMap<string, AttributeProto | undefined>;
  /** Inputs that the call leaves out. */
  readonly absent: ReadonlySet<string>;
}

function withCall(node: NodeProto, call: Call): NodeProto {
  const attribute = node.attribute.flatMap((each): AttributeProto[] => {
    if (each.refAttrName !== '') {
      const given = call.parameters.get(each.refAttrName);
      return given === undefined ? [] : [{ ...given, name: each.name }];
    }
    if (each.g === undefined && each.graphs.length === 0) return [each];
    return [{ ...each, g: each.g && inGraph(each.g, call), graphs: each.graphs.map((inner) => inGraph(inner, call)) }];
  });
  const input = call.absent.size === 0 ? node.input : node.input.map((name) => (call.absent.has(name) ? '' : name));
  return { ...node, attribute, input };
}

function inGraph(graph: GraphProto, call: Call): GraphProto {
  return { ...graph, node: graph.node.map((node) => withCall(node, call)) };
}
