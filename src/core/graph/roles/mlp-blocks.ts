/**
 * MLP blocks, recognised by what is connected to what: a linear layer widens, an activation function decides which
 * neurons fire, a linear layer reads them. Names play no part.
 */
import { displayText } from '../../display-text.js';
import type { Graph } from '../graph.js';
import { detectActivationLayers, detectFunctions, type Detected } from '../layer-detection.js';
import { nodeScopes } from '../scopes.js';
import { linearBehind, type LinearBehind } from './linear-behind.js';
import { onlyReader, sourceOf } from './pass-through.js';
import { isDepthwise, isPointwise, projectionOf, type Projection } from './projection.js';

/** plain: down(act(up(x))); gated: down(act(gate(x)) · up(x)); the same with convolutions, whose neurons are channels. */
export type MlpBlockKind = 'plain' | 'gated' | 'convolutional' | 'inverted-bottleneck';

export interface MlpBlock {
  /** Unique among the blocks: the module that up and down share, else the label of the activation layer. */
  readonly label: string;
  /** Position among the graph's blocks, in the order of computation. */
  readonly index: number;
  readonly kind: MlpBlockKind;
  /** Module path of what up and down share, outermost first. */
  readonly module: readonly string[];
  /** The value that up (and gate) multiply. */
  readonly input: string;
  /** Into the neurons: TransformerLens' W_in. Of an inverted bottleneck, the pointwise convolution that widens. */
  readonly up: Projection;
  /** Into the activation function where another linear layer is multiplied with its output: W_gate. */
  readonly gate?: Projection;
  /** Which equal part of one linear layer's features up and gate are, where one node computes both. */
  readonly parts?: { readonly up: number; readonly gate: number; readonly of: number };
  /** Of an inverted bottleneck: between the pointwise convolutions. */
  readonly depthwise?: Projection;
  /** The value into the activation function; absent where an operator computes it together with the linear layer. */
  readonly preActivation?: string;
  /** The activation layer's value. */
  readonly activation: string;
  /** What down multiplies, before any change of layout: the activation, or its product with up. */
  readonly neurons: string;
  /** Number of neurons (channels). */
  readonly hidden: number;
  readonly down: Projection;
  /** The value after down and its bias. */
  readonly output: string;
}

/** The blocks of the main graph, in the order of computation. */
export function findMlpBlocks(graph: Graph): readonly MlpBlock[] {
  const { layers } = detectFunctions(graph);
  const functions = new Map(layers.map((layer) => [layer.value, layer]));
  const found = layers.flatMap((layer) => blockAround(graph, layer, functions) ?? []);
  return labelled(graph, found);
}

type Unlabelled = Omit<MlpBlock, 'label' | 'index' | 'module'>;

function blockAround(graph: Graph, layer: Detected, functions: ReadonlyMap<string, Detected>): Unlabelled | undefined {
  const { family } = layer.function;
  if (family === 'recurrent' || family === 'distribution') return undefined;
  const into = intoFunction(graph, layer);
  if (into === undefined) return undefined;
  const activation = layer.value;
  const reader = onlyReader(graph, activation);
  if (reader === undefined) return undefined;
  const preActivation = into.value;
  const common = { activation, ...(preActivation === undefined ? {} : { preActivation }) };

  if (reader.node.opType === 'Mul' && reader.node.domain === '') {
    const other = reader.node.inputs.find((input) => input !== reader.reads);
    const up = other === undefined ? undefined : linearBehind(graph, other);
    const [neurons = ''] = reader.node.outputs;
    const down = readBy(graph, neurons);
    if (up === undefined || down === undefined) return undefined;
    return gatedBlock(graph, { gate: into.linear, up, down, neurons }, common);
  }

  const down = readBy(graph, activation);
  const { projection: last, part } = into.linear;
  if (down === undefined || part !== undefined || !fits(last, last.outputs, down)) return undefined;
  const plain = { ...common, neurons: activation, hidden: last.outputs, down, output: down.output };
  const pointwise = isDepthwise(last) ? wideningBefore(graph, last, functions) : undefined;
  if (pointwise !== undefined && last.outputs > Math.max(pointwise.inputs, down.outputs) && isPointwise(down)) {
    return { ...plain, kind: 'inverted-bottleneck', input: pointwise.input, up: pointwise, depthwise: last };
  }
  return {
    ...plain,
    kind: last.kind === 'convolution' ? 'convolutional' : 'plain',
    input: last.input,
    up: last,
  };
}

function gatedBlock(
  graph: Graph,
  { gate, up, down, neurons }: { gate: LinearBehind; up: LinearBehind; down: Projection; neurons: string },
  common: Pick<Unlabelled, 'activation' | 'preActivation'>,
): Unlabelled | undefined {
  if (sourceOf(graph, gate.projection.input) !== sourceOf(graph, up.projection.input)) return undefined;
  const of = up.part?.of ?? 1;
  const hidden = up.projection.outputs / of;
  const isSame = up.projection.node === gate.projection.node;
  if ((gate.part?.of ?? 1) !== of || gate.projection.outputs !== up.projection.outputs) return undefined;
  if (isSame !== of > 1 || (isSame && up.part?.index === gate.part?.index)) return undefined;
  if (!Number.isInteger(hidden) || !fits(up.projection, hidden, down)) return undefined;
  const parts = isSame ? { up: up.part?.index ?? 0, gate: gate.part?.index ?? 0, of } : undefined;
  return {
    ...common,
    kind: 'gated',
    input: up.projection.input,
    up: up.projection,
    gate: gate.projection,
    ...(parts === undefined ? {} : { parts }),
    neurons,
    hidden,
    down,
    output: down.output,
  };
}

/** The linear layer before an activation function, and the value between them where there is one. */
function intoFunction(
  graph: Graph,
  { node, inputs: [value = ''] }: Detected,
): { readonly linear: LinearBehind; readonly value?: string } | undefined {
  const fused = projectionOf(graph, node);
  if (fused !== undefined) return { linear: { projection: fused } };
  const linear = linearBehind(graph, value);
  return linear === undefined ? undefined : { linear, value };
}

/** The linear layer that alone reads a value. */
function readBy(graph: Graph, value: string): Projection | undefined {
  const reader = onlyReader(graph, value);
  const projection = reader === undefined ? undefined : projectionOf(graph, reader.node);
  return projection?.input === reader?.reads ? projection : undefined;
}

/** Whether down reads each of the neurons as one feature, and each into every output. */
function fits(up: Projection, hidden: number, down: Projection): boolean {
  return up.kind === down.kind && down.groups === 1 && down.inputs === hidden && hidden > 0;
}

/** The pointwise convolution before a depthwise one, through an activation function if there is one. */
function wideningBefore(
  graph: Graph,
  depthwise: Projection,
  functions: ReadonlyMap<string, Detected>,
): Projection | undefined {
  const layer = functions.get(depthwise.input);
  const before = layer === undefined ? linearBehind(graph, depthwise.input) : intoFunction(graph, layer)?.linear;
  if (before === undefined || before.part !== undefined || !isPointwise(before.projection)) return undefined;
  return before.projection.outputs === depthwise.inputs ? before.projection : undefined;
}

/** A module that holds two blocks names neither. */
function labelled(graph: Graph, blocks: readonly Unlabelled[]): readonly MlpBlock[] {
  const scopes = nodeScopes(graph);
  const layerLabels = new Map(detectActivationLayers(graph).map(({ value, label }) => [value, label]));
  const modules = blocks.map(({ up, down }) =>
    sharedStart(scopes[up.node]?.module ?? [], scopes[down.node]?.module ?? []),
  );
  const paths = modules.map((module) => module.join('.'));
  return blocks.map((block, index) => {
    const path = paths[index] ?? '';
    const isTelling = path !== '' && paths.indexOf(path) === paths.lastIndexOf(path);
    const label = isTelling ? displayText(path, MAXIMUM_LABEL_LENGTH) : layerLabels.get(block.activation);
    return { ...block, index, label: label ?? `block ${index}`, module: modules[index] ?? [] };
  });
}

const MAXIMUM_LABEL_LENGTH = 120;

function sharedStart(one: readonly string[], other: readonly string[]): readonly string[] {
  const differs = one.findIndex((segment, index) => segment !== other[index]);
  return differs < 0 ? one : one.slice(0, differs);
}
