/** A graph with what is known of the types of its values under one choice of sizes. */
import type { SparseTensorProto } from '../../formats/onnx/onnx_pb.js';
import { attributeGraphs } from '../../formats/onnx/walk.js';
import { capturedValues } from '../../graph/captured-values.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { typeProtoOf } from '../../graph/value-type.js';

/** An element type, and sizes: "?" or a name where open; undefined: of unknown rank. */
export interface TensorType {
  readonly type: string;
  readonly shape: readonly (number | string)[] | undefined;
}

export type KnownType = TensorType | 'no tensor';

export interface TypedGraph {
  readonly graph: Graph;
  /** What is known so far of inputs and of what nodes make; constants tell their types themselves. */
  readonly types: Map<string, KnownType>;
  /** The typed graph around a body. */
  readonly outer: TypedGraph | undefined;
  readonly places: Places;
}

/** Where things stand in a graph: looked up often, so kept as maps. */
export interface Places {
  readonly inputs: ReadonlySet<string>;
  readonly sparse: ReadonlyMap<string, SparseTensorProto>;
  readonly positions: ReadonlyMap<GraphNode, number>;
}

const cache = new WeakMap<Graph, Places>();

export function typedGraph(graph: Graph, outer?: TypedGraph): TypedGraph {
  let places = cache.get(graph);
  if (places === undefined) {
    places = {
      inputs: new Set(graph.inputs.map(({ name }) => name)),
      sparse: new Map(graph.proto.sparseInitializer.map((tensor) => [tensor.values?.name ?? '', tensor])),
      positions: new Map(graph.order.map((node, position) => [node, position])),
    };
    cache.set(graph, places);
  }
  return { graph, types: new Map(), outer, places };
}

/** Every value that a node reads, also inside its subgraphs, each once. */
export function valuesRead(node: GraphNode): readonly string[] {
  const reads = new Set(node.inputs);
  for (const { graph } of attributeGraphs(node.proto)) {
    for (const value of capturedValues(graph)) reads.add(value);
  }
  reads.delete('');
  return [...reads];
}

/** What is known of a value that is no constant, here or around; undefined where nothing is. */
export function knownType(at: TypedGraph, value: string): KnownType | undefined {
  const own = at.types.get(value);
  if (own !== undefined || at.outer === undefined || isOwn(at, value)) return own;
  return knownType(at.outer, value);
}

/** The node that makes a value, here or around. */
export function producerAround(
  at: TypedGraph,
  value: string,
): { readonly at: TypedGraph; readonly node: GraphNode } | undefined {
  const node = at.graph.producerOf(value);
  if (node !== undefined) return { at, node };
  return at.outer === undefined || isOwn(at, value) ? undefined : producerAround(at.outer, value);
}

function isOwn(at: TypedGraph, value: string): boolean {
  return at.places.inputs.has(value) || at.graph.producerOf(value) !== undefined;
}

export function sparseConstant(at: TypedGraph, value: string): SparseTensorProto | undefined {
  return at.places.sparse.get(value) ?? (at.outer === undefined ? undefined : sparseConstant(at.outer, value));
}

export function isConstant(at: TypedGraph, value: string): boolean {
  return at.graph.initializer(value) !== undefined || sparseConstant(at, value) !== undefined;
}

/** Whether a part of the graph can read a value: as a constant, as an input, or with the nodes that compute it. */
export function canEnter(at: TypedGraph, value: string): boolean {
  if (isConstant(at, value)) return true;
  const known = knownType(at, value);
  return known !== undefined && (known === 'no tensor' || typeProtoOf(known) !== undefined);
}
