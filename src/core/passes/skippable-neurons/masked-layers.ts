/** Where entries can be skipped: the neurons of MLP blocks, else the activations of every layer. */
import type { Graph } from '../../graph/graph.js';
import type { ObservedLayer } from '../../graph/layers.js';
import { findRoles, type MlpBlock, type Projection } from '../../graph/roles/roles.js';
import { elementCount } from '../../tensor/tensor.js';

/** A value whose entries are skipped, one axis of which names neurons. */
export interface Place {
  readonly value: string;
  readonly rank: number;
  readonly unitAxis: number;
}

export interface MaskedLayer {
  /** The activation layer that it is shown as. */
  readonly layer: string;
  readonly label: string;
  readonly neurons: number;
  /** Sites of one example: tokens, positions of a picture, 1. */
  readonly sites: number;
  /** What the rest of the network reads of the neurons. */
  readonly output: Place;
  /** The activation function's output: the same, or (of a gated block) a factor of it. */
  readonly activation: Place;
  /** Absent where whole activation layers are masked. */
  readonly block?: MlpBlock;
  /** The function is exactly zero below a threshold already. */
  readonly isRectifier: boolean;
  /** What goes into a smooth function (GELU, SiLU) of a block, in whose place a ReLU could stand. */
  readonly before?: string;
}

export interface MaskedLayers {
  readonly layers: readonly MaskedLayer[];
  readonly leftOut: readonly { readonly label: string; readonly reason: string }[];
}

/** Whether a block's neurons add up site by site, so that CETT can be told from them. */
export function isSiteWise({ block }: MaskedLayer): boolean {
  return block !== undefined && block.down.kernel.every((size) => size === 1);
}

/**
 * @param observed layers and watched values by name, with axes learned.
 * Blocks whose sizes change from input to input, or whose first axis does not count examples, are left out with a reason.
 */
export function maskedLayers(
  graph: Graph,
  observed: readonly ObservedLayer[],
  watched: readonly ObservedLayer[],
): MaskedLayers {
  const found = new Map([...observed, ...watched].map((each) => [each.value, each]));
  const { mlpBlocks } = findRoles(graph);
  const leftOut: { label: string; reason: string }[] = [];
  const layers =
    mlpBlocks.length > 0
      ? mlpBlocks.flatMap((block) => withReason(block.label, leftOut, () => ofBlock(graph, block, found)))
      : observed.flatMap((layer) => withReason(layer.label, leftOut, () => ofLayer(layer)));
  return { layers, leftOut };
}

function withReason(
  label: string,
  leftOut: { label: string; reason: string }[],
  make: () => MaskedLayer | string,
): readonly MaskedLayer[] {
  const made = make();
  if (typeof made !== 'string') return [made];
  leftOut.push({ label, reason: made });
  return [];
}

function ofBlock(graph: Graph, block: MlpBlock, found: ReadonlyMap<string, ObservedLayer>): MaskedLayer | string {
  const [read, layer] = [found.get(block.down.input), found.get(block.activation)];
  if (read === undefined || layer === undefined) return 'Its neurons could not be observed.';
  const sites = sitesOf(read, block.hidden);
  if (typeof sites === 'string') return sites;
  const output = { value: read.value, rank: rankOf(read), unitAxis: featureAxis(graph, block.down, rankOf(read)) };
  const activation = activationPlace(layer, block, output);
  if (activation === undefined) return 'Which axis of its activation counts neurons is not known.';
  const isRectifier = layer.family === 'rectifier';
  return {
    layer: layer.value,
    label: block.label,
    neurons: block.hidden,
    sites,
    output,
    activation,
    block,
    isRectifier,
    ...(layer.family === 'smooth' && block.preActivation !== undefined ? { before: block.preActivation } : {}),
  };
}

function ofLayer(layer: ObservedLayer): MaskedLayer | string {
  const [unitAxis, ...others] = layer.unitAxes;
  if (unitAxis === undefined || others.length > 0) return 'Its units are named by more than one axis.';
  const sites = sitesOf(layer, layer.units);
  if (typeof sites === 'string') return sites;
  const place = { value: layer.value, rank: rankOf(layer), unitAxis };
  return {
    layer: layer.value,
    label: layer.label,
    neurons: layer.units,
    sites,
    output: place,
    activation: place,
    isRectifier: layer.family === 'rectifier',
  };
}

function rankOf({ shape, exampleAxis }: ObservedLayer): number {
  return shape.length + (exampleAxis === undefined ? 0 : 1);
}

/** Sites of one example, or why they cannot be told. */
function sitesOf({ shape, exampleAxis, foldedPositions = 1 }: ObservedLayer, neurons: number): number | string {
  if (exampleAxis !== undefined && exampleAxis !== 0) return 'Its first axis does not count inputs.';
  const sites = (elementCount(shape) / neurons) * foldedPositions;
  if (shape.includes(-1) || foldedPositions < 0) return 'Its size changes from input to input.';
  return Number.isInteger(sites) && sites > 0 ? sites : 'Its sizes do not fit the weights that read it.';
}

/** The axis of the value that a linear layer multiplies along which its features lie. */
function featureAxis(graph: Graph, { kind, node, inputAxis }: Projection, rank: number): number {
  if (kind === 'convolution') return 1;
  // W · x has its features in front of the last axis.
  const isOnRight = graph.nodes[node]?.opType === 'MatMul' && inputAxis === 1;
  return isOnRight ? rank - 2 : rank - 1;
}

function activationPlace(layer: ObservedLayer, block: MlpBlock, output: Place): Place | undefined {
  if (block.activation === output.value) return output;
  const [unitAxis, ...others] = layer.unitAxes;
  if (unitAxis === undefined || others.length > 0 || layer.units !== block.hidden) return undefined;
  return { value: layer.value, rank: rankOf(layer), unitAxis };
}
