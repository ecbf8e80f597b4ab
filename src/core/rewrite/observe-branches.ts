/**
 * Activations inside the branches of `If` nodes, made values of the main graph. Each `If` on the way gets one more
 * output per activation; the branch that does not compute it gives an empty tensor. The result is right whichever
 * branch runs, and its other outputs are those of the given model.
 */
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from '../formats/onnx/onnx_pb.js';
import { everyGraph } from '../formats/onnx/walk.js';
import { createGraph, type Graph, type GraphNode, type Subgraph } from '../graph/graph.js';
import { detectActivationLayers } from '../graph/layer-detection.js';
import type { ActivationLayer } from '../graph/layers.js';
import { commonPrefix, nodeScopes } from '../graph/scopes.js';
import { floatTensor, makeNode, makeValueInfo } from './nodes.js';

export interface ExposedBranches {
  /** The model with the new values; the given one, unchanged, where there are none. */
  readonly model: ModelProto;
  /** The activations, each under the name of the value that now carries it in the main graph. */
  readonly layers: readonly ActivationLayer[];
}

/** Branches in branches in branches: no exporter nests deeper. */
const MAXIMUM_DEPTH = 8;
const MAXIMUM_LAYERS = 500;

/** What an `If` and all inside it become. */
interface Opened {
  readonly node: NodeProto;
  readonly layers: readonly ActivationLayer[];
}

/** Makes the activations inside `If` branches observable. Messages are shared with the given model. */
export function exposeBranches(model: ModelProto): ExposedBranches {
  const graph = createGraph(model);
  const names = unusedNames(model);
  const opened = openAll(graph, names, 0);
  const layers = opened.flatMap((node) => (node === undefined ? [] : node.layers));
  if (layers.length === 0) return { model, layers };
  const node = graph.nodes.map(({ proto }, index) => opened[index]?.node ?? proto);
  const proto = create(GraphProtoSchema, { ...graph.proto, node });
  return { model: create(ModelProtoSchema, { ...model, graph: proto }), layers: uniqueLabels(graph, layers) };
}

/** By node index: the `If` nodes of a graph that hold activations, with these as further outputs. */
function openAll(graph: Graph, names: Names, depth: number): readonly (Opened | undefined)[] {
  return graph.nodes.map((node) =>
    node.opType === 'If' && node.domain === '' && depth < MAXIMUM_DEPTH ? openIf(graph, node, names, depth) : undefined,
  );
}

function openIf(graph: Graph, node: GraphNode, names: Names, depth: number): Opened | undefined {
  const branches = graph.subgraphs(node).map((branch) => openBranch(branch, names, depth));
  const layers = branches.flatMap((branch) => branch.layers);
  if (layers.length === 0) return undefined;
  const module = nodeScopes(graph)[node.index]?.module ?? [];
  const attribute = node.proto.attribute.map((entry) => {
    const branch = branches.find(({ attribute: name }) => name === entry.name);
    if (branch === undefined) return entry;
    const g = withOutputs(branch, layers, names);
    return create(AttributeProtoSchema, { ...entry, g });
  });
  const exposed = layers.map((layer) => ({ ...layer, value: names.next(layer.value), module }));
  const output = [...node.proto.output, ...exposed.map(({ value }) => value)];
  return { node: create(NodeProtoSchema, { ...node.proto, attribute, output }), layers: exposed };
}

interface OpenedBranch {
  readonly attribute: string;
  readonly graph: GraphProto;
  /** Activations in the branch, under the names of the branch's own values. */
  readonly layers: readonly ActivationLayer[];
}

function openBranch({ attribute, graph }: Subgraph, names: Names, depth: number): OpenedBranch {
  const inner = openAll(graph, names, depth + 1);
  const node = graph.nodes.map(({ proto }, index) => inner[index]?.node ?? proto);
  const layers = [...detectActivationLayers(graph), ...inner.flatMap((each) => each?.layers ?? [])];
  const branch = attribute === 'then_branch' ? 'then' : 'else';
  return {
    attribute,
    graph: create(GraphProtoSchema, { ...graph.proto, node }),
    // A branch's own name tells apart what both sides hold.
    layers: layers
      .slice(0, names.take(layers.length))
      .map((layer) => ({ ...layer, label: `${layer.label} (${branch})` })),
  };
}

/** The branch with one output per layer: its own activations as float32, empty tensors for those of the other one. */
function withOutputs(branch: OpenedBranch, layers: readonly ActivationLayer[], names: Names): GraphProto {
  const own = new Set(branch.layers);
  const nodes: NodeProto[] = [];
  const outputs = layers.map((layer) => {
    const name = names.next(layer.value);
    // Both sides of an If must give one type, and only the engine knows an inner value's.
    if (own.has(layer)) nodes.push(makeNode('Cast', [layer.value], [name], { to: DataType.FLOAT }));
    else nodes.push(emptyTensor(name));
    return makeValueInfo(name, DataType.FLOAT);
  });
  return create(GraphProtoSchema, {
    ...branch.graph,
    node: [...branch.graph.node, ...nodes],
    output: [...branch.graph.output, ...outputs],
  });
}

function emptyTensor(name: string): NodeProto {
  const node = makeNode('Constant', [], [name]);
  node.attribute.push(
    create(AttributeProtoSchema, { name: 'value', type: AttributeType.TENSOR, t: floatTensor('', [0], []) }),
  );
  return node;
}

interface Names {
  /** A name that no value of the model has, which tells of the value it stands for. */
  next(value: string): string;
  /** How many of `wanted` layers may still be exposed. */
  take(wanted: number): number;
}

function unusedNames(model: ModelProto): Names {
  const taken = new Set<string>();
  for (const graph of everyGraph(model)) {
    for (const { name } of [...graph.input, ...graph.initializer]) taken.add(name);
    for (const node of graph.node) for (const output of node.output) taken.add(output);
  }
  let left = MAXIMUM_LAYERS;
  return {
    next(value) {
      const stem = value.replace(/#\d+$/, '');
      let name = stem;
      for (let copy = 1; taken.has(name); copy++) name = `${stem}#${copy}`;
      taken.add(name);
      return name;
    },
    take(wanted) {
      const given = Math.min(wanted, left);
      left -= given;
      return given;
    },
  };
}

/** A branch's name is kept only where a label would be there twice without it, or is one of the main graph's. */
function uniqueLabels(graph: Graph, layers: readonly ActivationLayer[]): ActivationLayer[] {
  const outer = commonPrefix(graph)
    .map((segment) => `${segment}.`)
    .join('');
  const short = (label: string): string => label.replace(/( \((then|else)\))+$/, '');
  const count = new Map<string, number>();
  for (const { label } of layers) count.set(short(label), (count.get(short(label)) ?? 0) + 1);
  const taken = new Set(detectActivationLayers(graph).map(({ label }) => label));
  return layers.map((layer) => {
    const inside = layer.label.startsWith(outer) ? layer.label.slice(outer.length) : layer.label;
    const isClear = count.get(short(layer.label)) === 1 && !taken.has(short(inside));
    const wanted = isClear ? short(inside) : inside;
    let label = wanted;
    for (let copy = 2; taken.has(label); copy++) label = `${wanted} (${copy})`;
    taken.add(label);
    return { ...layer, label };
  });
}
