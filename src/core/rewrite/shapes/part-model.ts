/**
 * A part of a graph as a model of its own that an engine can open without any weights: large constants and the values
 * that enter are inputs whose types are stated, small ones come with the nodes that compute them, because shapes follow
 * from their numbers.
 */
import { create } from '@bufbuild/protobuf';
import { hoistReferences } from '../../formats/onnx/hoist-references.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
  type FunctionProto,
  type ModelProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../formats/onnx/onnx_pb.js';
import { dataTypeName, safeTensorDims } from '../../formats/onnx/tensor-proto.js';
import { attributeGraphs } from '../../formats/onnx/walk.js';
import { calledFunction } from '../../graph/function-body.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { typeProtoOf } from '../../graph/value-type.js';
import { elementCount } from '../../tensor/tensor.js';
import { makeNode } from '../nodes.js';
import {
  isConstant,
  knownType,
  producerAround,
  sparseConstant,
  valuesRead,
  type KnownType,
  type TypedGraph,
} from './typed-graph.js';

export interface PartRequest {
  readonly nodes: readonly GraphNode[];
  /** Values whose types are wanted. */
  readonly outputs: readonly string[];
  /** Values whose rank is wanted: each becomes an output `probeName(value)` with as many elements as it has axes. */
  readonly probes?: readonly string[];
  /** Whether small integers that lie in files may be read by the engine. */
  readonly readsFiles: boolean;
}

/** Constants up to this many bytes stay: shapes, axes, scales. */
const LARGEST_CONSTANT_BYTES = 4096;
/** Lists of integers in files up to this length are read by the engine: they may be shapes. */
const LARGEST_INTEGER_LIST = 1024;
/** Values with more elements than these are data; fewer may be sizes, and those that compute them come along. */
const LARGEST_SIZES = 64;
/** Nodes that come along at most. */
const MAXIMUM_COMPANIONS = 400;

const INTEGERS: ReadonlySet<string> = new Set(['int64', 'int32', 'bool', 'uint8', 'int8', 'int16', 'uint16', 'uint32']);

/** Name of the output that tells a value's rank. */
export function probeName(value: string): string {
  return `rank of ${value}`;
}

/** The part as a model; undefined when something that it reads cannot enter. */
export function partModel(
  at: TypedGraph,
  { nodes, outputs, probes = [], readsFiles }: PartRequest,
): ModelProto | undefined {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const entering = enteringValues(at, nodes, made);
  if (entering === undefined) return undefined;
  const { companions, constants, sparse, inputs } = entering;
  const graph = hoistReferences(
    create(GraphProtoSchema, {
      name: 'part',
      node: [
        ...companions,
        ...nodes.map(({ proto }) => proto),
        ...probes.map((value) => makeNode('Shape', [value], [probeName(value)])),
      ],
      initializer: constants,
    }),
  );
  const stays = (tensor: TensorProto): boolean => staysConstant(tensor, readsFiles);
  const { model } = at.graph;
  return create(ModelProtoSchema, {
    irVersion: model.irVersion < 4n ? 4n : model.irVersion,
    opsetImport: model.opsetImport,
    functions: usedFunctions(model, graph.node),
    graph: {
      ...graph,
      initializer: graph.initializer.filter(stays),
      sparseInitializer: sparse,
      input: [...inputs, ...graph.initializer.filter((tensor) => !stays(tensor)).map(constantInput)],
      output: [...outputs, ...probes.map(probeName)].map((name) => create(ValueInfoProtoSchema, { name })),
    },
  });
}

interface Entering {
  readonly companions: readonly NodeProto[];
  readonly constants: TensorProto[];
  readonly sparse: SparseTensorProto[];
  readonly inputs: readonly ValueInfoProto[];
}

function enteringValues(at: TypedGraph, nodes: readonly GraphNode[], made: ReadonlySet<string>): Entering | undefined {
  const companions = new Map<GraphNode, Graph>();
  const constants = new Map<string, TensorProto>();
  const sparse = new Map<string, SparseTensorProto>();
  const inputs = new Map<string, ValueInfoProto>();
  const madeByCompanions = new Set<string>();

  /** Nodes that compute a value from what can enter by itself; undefined where these would be too many. */
  const companionsOf = (from: TypedGraph, value: string): Map<GraphNode, TypedGraph> | undefined => {
    const found = new Map<GraphNode, TypedGraph>();
    const open: (readonly [TypedGraph, string])[] = [[from, value]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const producer = producerAround(...next);
      if (producer === undefined || found.has(producer.node) || companions.has(producer.node)) continue;
      found.set(producer.node, producer.at);
      const collides = producer.node.outputs.some((output) => output !== '' && made.has(output));
      if (collides || companions.size + found.size > MAXIMUM_COMPANIONS) return undefined;
      for (const read of valuesRead(producer.node)) {
        if (isConstant(producer.at, read)) continue;
        const known = knownType(producer.at, read);
        if (known === undefined) return undefined;
        if (isSmall(known)) open.push([producer.at, read]);
        else if (known === 'no tensor' || typeProtoOf(known) === undefined) return undefined;
      }
    }
    return found;
  };
  const enter = (from: TypedGraph, value: string): boolean => {
    if (made.has(value) || madeByCompanions.has(value) || inputs.has(value) || constants.has(value)) return true;
    const tensor = from.graph.initializer(value);
    if (tensor !== undefined) return constants.set(value, { ...tensor, name: value }) !== undefined;
    const rare = sparseConstant(from, value);
    if (rare !== undefined) return sparse.set(value, rare) !== undefined;
    const known = knownType(from, value);
    if (known === undefined) return false;
    const nodesAlong = isSmall(known) ? companionsOf(from, value) : undefined;
    if (nodesAlong !== undefined && nodesAlong.size > 0) {
      for (const [node, { graph }] of nodesAlong) {
        companions.set(node, graph);
        for (const output of node.outputs) madeByCompanions.add(output);
      }
      return [...nodesAlong].every(([node, place]) => valuesRead(node).every((read) => enter(place, read)));
    }
    const type = known === 'no tensor' ? undefined : typeProtoOf(known);
    if (type === undefined) return madeByCompanions.has(value);
    inputs.set(value, create(ValueInfoProtoSchema, { name: value, type }));
    return true;
  };

  if (!nodes.every((node) => valuesRead(node).every((value) => enter(at, value)))) return undefined;
  for (const value of madeByCompanions) inputs.delete(value);
  return {
    companions: inOrder(at, companions).map(({ proto }) => proto),
    constants: [...constants.values()],
    sparse: [...sparse.values()],
    inputs: [...inputs.values()],
  };
}

/** Nodes of outer graphs first, each graph's in topological order. */
function inOrder(at: TypedGraph, nodes: ReadonlyMap<GraphNode, Graph>): readonly GraphNode[] {
  if (nodes.size === 0) return [];
  const outer = at.outer === undefined ? [] : inOrder(at.outer, nodes);
  const { positions } = at.places;
  const own = [...nodes].filter(([, graph]) => graph === at.graph).map(([node]) => node);
  return [...outer, ...own.sort((a, b) => (positions.get(a) ?? 0) - (positions.get(b) ?? 0))];
}

/** Whether a value may hold sizes rather than data. */
function isSmall(known: KnownType): boolean {
  if (known === 'no tensor') return true;
  const { type, shape } = known;
  if (shape === undefined) return INTEGERS.has(type);
  if (shape.some((size) => typeof size === 'string')) return INTEGERS.has(type) && shape.length <= 1;
  const elements = elementCount(shape as readonly number[]);
  return elements <= (INTEGERS.has(type) ? LARGEST_SIZES : LARGEST_SIZES / 4);
}

function staysConstant(tensor: TensorProto, readsFiles: boolean): boolean {
  const dims = safeTensorDims(tensor);
  if (dims === undefined) return false;
  const isList = INTEGERS.has(dataTypeName(tensor.dataType)) && elementCount(dims) <= LARGEST_INTEGER_LIST;
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) return readsFiles && isList;
  if (isList || tensor.dataType === DataType.STRING) return true;
  const typed = 4 * (tensor.floatData.length + tensor.int32Data.length);
  const wide = 8 * (tensor.doubleData.length + tensor.int64Data.length + tensor.uint64Data.length);
  return tensor.rawData.length + typed + wide <= LARGEST_CONSTANT_BYTES;
}

function constantInput({ name, dataType, dims }: TensorProto): ValueInfoProto {
  const dim = dims.map((size) => ({ value: { case: 'dimValue' as const, value: size } }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: dataType, shape: { dim } } } },
  });
}

/** The model's functions that some nodes call, and those that these call. */
function usedFunctions(model: ModelProto, nodes: readonly NodeProto[]): FunctionProto[] {
  const used = new Set<FunctionProto>();
  const open: (readonly NodeProto[])[] = model.functions.length === 0 ? [] : [nodes];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const node of next) {
      for (const { graph } of attributeGraphs(node)) open.push(graph.node);
      const called = calledFunction(model, node);
      if (called === undefined || used.has(called)) continue;
      used.add(called);
      open.push(called.node);
    }
  }
  return [...used];
}
