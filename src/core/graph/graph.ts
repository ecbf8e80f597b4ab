/**
 * The typed, read-only view over an ONNX graph that everything above the formats uses. Built once per model in time
 * linear in nodes and edges; anything wrong with the structure is a Problem in `problems`, never a crash.
 */
import { create } from '@bufbuild/protobuf';
import { displayText } from '../display-text.js';
import type { Problem } from '../errors.js';
import {
  GraphProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../formats/onnx/onnx_pb.js';
import { dataTypeName, safeTensorDims } from '../formats/onnx/tensor-proto.js';
import { attributeGraphs } from '../formats/onnx/walk.js';
import { capturedValues } from './captured-values.js';
import { constantTensor } from '../formats/onnx/constant-node.js';
import { topologicalOrder } from './order.js';
import { namedValueType, valueType, type NamedValueType, type ValueType } from './value-type.js';

export interface GraphNode {
  /** Position in the file's node list: the node's identity within its graph. */
  readonly index: number;
  readonly opType: string;
  /** "" for the standard operators, also where the file writes "ai.onnx". */
  readonly domain: string;
  readonly name: string;
  /** Value names in order; "" where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly proto: NodeProto;
}

export interface Subgraph {
  /** "then_branch", "else_branch", "body". */
  readonly attribute: string;
  readonly graph: Graph;
}

export interface Graph {
  readonly model: ModelProto;
  readonly proto: GraphProto;
  /** In the file's order. */
  readonly nodes: readonly GraphNode[];
  /** Every node after those it depends on; nodes on a cycle or behind one come last. */
  readonly order: readonly GraphNode[];
  /** Inputs that must be fed: graph inputs without an initializer of the same name. */
  readonly inputs: readonly NamedValueType[];
  readonly outputs: readonly NamedValueType[];
  /** Structural defects: cycles, names defined twice, values that nothing makes. */
  readonly problems: readonly Problem[];
  /** The node of this graph (not of an outer scope) that makes the value. */
  producerOf(value: string): GraphNode | undefined;
  /** Nodes that read the value, also those whose subgraphs capture it; each once, in the file's order. */
  consumersOf(value: string): readonly GraphNode[];
  /** The value's constant tensor: an initializer or what a Constant node makes, here or in an outer scope. */
  initializer(value: string): TensorProto | undefined;
  isOutput(value: string): boolean;
  /** Type and shape as the file states them, or of the initializer; here or in an outer scope. */
  valueInfo(value: string): ValueType | undefined;
  /** Version of an operator set ("" = standard), or undefined when the model does not import it. */
  opset(domain: string): number | undefined;
  /** Graphs in the node's attributes; their outer scope is this graph. */
  subgraphs(node: GraphNode): readonly Subgraph[];
  /** Whether something of this graph or of an outer scope makes the value. */
  defines(value: string): boolean;
}

/** More defects than this are counted, not listed. */
const MAXIMUM_LISTED_PROBLEMS = 50;

/** The view over a model's main graph; a model without one gives an empty graph. */
export function createGraph(model: ModelProto): Graph {
  return viewOf(model, model.graph ?? create(GraphProtoSchema), undefined);
}

function viewOf(model: ModelProto, proto: GraphProto, outer: Graph | undefined): Graph {
  const nodes = proto.node.map(nodeView);
  const defects = defectList();

  const initializers = new Map<string, TensorProto>();
  for (const tensor of proto.initializer) {
    if (initializers.has(tensor.name))
      defects.add(
        `Two initializers are named “${displayText(tensor.name)}”`,
        `initializer “${displayText(tensor.name)}”`,
      );
    else initializers.set(tensor.name, tensor);
  }
  const sparseInitializers = new Set(proto.sparseInitializer.map((tensor) => tensor.values?.name ?? ''));
  const inputNames = new Set<string>();
  for (const { name } of proto.input) {
    if (inputNames.has(name))
      defects.add(`Two inputs are named “${displayText(name)}”`, `input “${displayText(name)}”`);
    inputNames.add(name);
  }

  const producers = new Map<string, GraphNode>();
  for (const node of nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (producers.has(output) || initializers.has(output) || inputNames.has(output)) {
        defects.add(`The value “${displayText(output)}” is made more than once`, placeOf(node));
      }
      if (!producers.has(output)) producers.set(output, node);
    }
    const constant = node.opType === 'Constant' && node.domain === '' ? constantTensor(node.proto) : undefined;
    const value = node.outputs[0];
    if (constant !== undefined && value !== undefined && !initializers.has(value)) initializers.set(value, constant);
  }
  const defines = (value: string): boolean =>
    producers.has(value) ||
    initializers.has(value) ||
    inputNames.has(value) ||
    sparseInitializers.has(value) ||
    (outer?.defines(value) ?? false);

  const reads = nodes.map(valuesRead);
  const consumers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const value of reads[node.index] ?? []) {
      const list = consumers.get(value);
      if (list === undefined) consumers.set(value, [node]);
      else list.push(node);
      if (!defines(value)) defects.add(`Nothing makes the value “${displayText(value)}”`, placeOf(node));
    }
  }
  for (const { name } of proto.output) {
    if (!defines(name)) defects.add(`Nothing makes the output “${displayText(name)}”`, `output “${displayText(name)}”`);
  }
  const { order, cyclic } = topologicalOrder(nodes, reads, producers);
  const first = cyclic[0];
  if (first !== undefined) {
    defects.add(`${cyclic.length} nodes wait for each other in a circle, or for nodes that do`, placeOf(first));
  }

  const stated = new Map<string, ValueType>();
  for (const info of [...proto.valueInfo, ...proto.output, ...proto.input]) stated.set(info.name, valueType(info.type));
  const outputNames = new Set(proto.output.map((output) => output.name));
  const opsets = new Map(model.opsetImport.map(({ domain, version }) => [standardDomain(domain), Number(version)]));
  const initializer = (value: string): TensorProto | undefined => initializers.get(value) ?? outer?.initializer(value);
  const subgraphs = new Map<number, readonly Subgraph[]>();

  const graph: Graph = {
    model,
    proto,
    nodes,
    order,
    inputs: proto.input
      .filter(({ name }) => !initializers.has(name) && !sparseInitializers.has(name))
      .map(namedValueType),
    outputs: proto.output.map(namedValueType),
    problems: defects.list(),
    producerOf: (value) => producers.get(value),
    consumersOf: (value) => consumers.get(value) ?? [],
    initializer,
    isOutput: (value) => outputNames.has(value),
    valueInfo: (value) => stated.get(value) ?? typeOfTensor(initializers.get(value)) ?? outer?.valueInfo(value),
    opset: (domain) => opsets.get(standardDomain(domain)),
    subgraphs: (node) => {
      const built =
        subgraphs.get(node.index) ??
        attributeGraphs(node.proto).map((inner) => ({
          attribute: inner.attribute,
          graph: viewOf(model, inner.graph, graph),
        }));
      subgraphs.set(node.index, built);
      return built;
    },
    defines,
  };
  return graph;
}

function nodeView(proto: NodeProto, index: number): GraphNode {
  return {
    index,
    opType: proto.opType,
    domain: standardDomain(proto.domain),
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    proto,
  };
}

/** The standard operators have two spellings of their domain. */
function standardDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** Values that a node or its subgraphs read from its graph, each once. */
function valuesRead(node: GraphNode): readonly string[] {
  const inner = attributeGraphs(node.proto);
  const reads = new Set(node.inputs);
  for (const { graph } of inner) for (const value of capturedValues(graph)) reads.add(value);
  reads.delete('');
  return [...reads];
}

function typeOfTensor(tensor: TensorProto | undefined): ValueType | undefined {
  return tensor === undefined ? undefined : { type: dataTypeName(tensor.dataType), shape: safeTensorDims(tensor) };
}

/** How a node is named to a person: its name where it has one. */
function placeOf(node: GraphNode): string {
  const operator = displayText(node.opType, 80);
  return node.name === '' ? `node ${node.index} (${operator})` : `node “${displayText(node.name)}” (${operator})`;
}

function defectList(): { add(message: string, place: string): void; list(): Problem[] } {
  const problems: Problem[] = [];
  let count = 0;
  const remedy = 'Check the model with onnx.checker and export it again.';
  return {
    add(message, place) {
      count++;
      if (count <= MAXIMUM_LISTED_PROBLEMS)
        problems.push({ kind: 'malformed-model', message: `${message}.`, place, remedy });
    },
    list() {
      const hidden = count - problems.length;
      if (hidden <= 0) return problems;
      return [
        ...problems,
        { kind: 'malformed-model', message: `${hidden} more defects of this graph are not listed.`, remedy },
      ];
    },
  };
}
