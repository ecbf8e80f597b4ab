/** What the parts of a graph are for, told from its structure alone. */
import type { Graph } from '../graph.js';
import { detectActivationLayers } from '../layer-detection.js';
import { findAttention, type Attention } from './attention.js';
import { findEmbeddings, findUnembedding } from './embedding.js';
import { findMlpBlocks, type MlpBlock } from './mlp-blocks.js';
import { findNormalisations, type Normalisation } from './normalisations.js';
import {
  blockPoints,
  embeddingPoints,
  layerPoints,
  unembeddingPoints,
  type RoleGroup,
  type RolePoint,
} from './points.js';
import { findTransformerLayers, type TransformerLayer } from './transformer-layers.js';
import { nodesBetween } from './weighted-values.js';

export type { Attention } from './attention.js';
export type { MlpBlock, MlpBlockKind } from './mlp-blocks.js';
export type { Normalisation } from './normalisations.js';
export type { RoleGroup, RolePoint } from './points.js';
export type { Projection } from './projection.js';
export type { TransformerLayer } from './transformer-layers.js';

export interface Roles {
  /** In the order of computation, as all lists here. */
  readonly mlpBlocks: readonly MlpBlock[];
  /** Why there are none, one sentence; absent where there are. */
  readonly noMlpBlocks?: string;
  readonly attention: readonly Attention[];
  readonly normalisations: readonly Normalisation[];
  /** Layers of a transformer: attention and MLPs along a residual stream. */
  readonly layers: readonly TransformerLayer[];
  /** Why there are none, one sentence; absent where there are. */
  readonly noLayers?: string;
  /** Every value that has a role. A value may have several: the end of one layer is the beginning of the next. */
  readonly points: readonly RolePoint[];
  pointsOf(value: string): readonly RolePoint[];
  /** What a node is part of. */
  groupsOf(node: number): readonly RoleGroup[];
}

const cache = new WeakMap<Graph, Roles>();

/** The roles of the main graph. Computed once per graph. */
export function findRoles(graph: Graph): Roles {
  const known = cache.get(graph) ?? find(graph);
  cache.set(graph, known);
  return known;
}

function find(graph: Graph): Roles {
  const mlpBlocks = findMlpBlocks(graph);
  const attention = findAttention(graph);
  const normalisations = findNormalisations(graph);
  const layers = findTransformerLayers(graph, attention, mlpBlocks, normalisations);
  const streamEnd = layers.at(-1)?.residualAfter;
  const unembedding = streamEnd === undefined ? undefined : findUnembedding(graph, streamEnd, normalisations);
  const inLayers = new Set(layers.map(({ mlp }) => mlp));
  const embeddings = findEmbeddings(graph);
  const points = [
    ...embeddingPoints(embeddings, layers.length > 0),
    ...layers.flatMap(layerPoints),
    ...mlpBlocks.filter((block) => !inLayers.has(block)).flatMap(blockPoints),
    ...(unembedding === undefined ? [] : unembeddingPoints(unembedding)),
  ];
  const byValue = new Map<string, RolePoint[]>();
  for (const point of points) {
    const list = byValue.get(point.value);
    if (list === undefined) byValue.set(point.value, [point]);
    else list.push(point);
  }
  const groups = groupsByNode();
  return {
    mlpBlocks,
    ...(mlpBlocks.length > 0 ? {} : { noMlpBlocks: whyNoMlpBlocks(graph) }),
    attention,
    normalisations,
    layers,
    ...(layers.length > 0 ? {} : { noLayers: whyNoLayers(attention, mlpBlocks) }),
    points,
    pointsOf: (value) => byValue.get(value) ?? [],
    groupsOf: (node) => [...(groups.get(node) ?? [])],
  };

  function groupsByNode(): ReadonlyMap<number, ReadonlySet<RoleGroup>> {
    const found = new Map<number, Set<RoleGroup>>();
    const add = (node: number | undefined, group: RoleGroup): void => {
      if (node === undefined) return;
      const set = found.get(node) ?? new Set();
      found.set(node, set.add(group));
    };
    const between = (start: string | undefined, end: string, group: RoleGroup): void => {
      if (start === undefined) return;
      for (const { index } of nodesBetween(graph, new Set([start]), end)) add(index, group);
    };
    for (const { input, output } of mlpBlocks) between(input, output, 'mlp');
    for (const { node, input, z, output } of attention) {
      add(node.index, 'attention');
      between(input, output ?? z, 'attention');
    }
    for (const { input, output } of normalisations) between(input, output, 'normalisation');
    for (const { residualMiddle, residualAfter } of layers) {
      for (const value of [residualMiddle, residualAfter]) add(graph.producerOf(value ?? '')?.index, 'residual');
    }
    for (const { node } of embeddings) add(node.index, 'embedding');
    if (unembedding !== undefined) {
      add(unembedding.node.index, 'unembedding');
      add(graph.producerOf(unembedding.output)?.index, 'unembedding');
    }
    return found;
  }
}

function whyNoMlpBlocks(graph: Graph): string {
  const layers = detectActivationLayers(graph);
  const functions = layers.filter(({ family }) => family !== 'recurrent' && family !== 'distribution');
  const none = 'This graph has no MLP block, an activation function between two linear layers with constant weights';
  if (layers.length === 0) return `${none}: it has no activation function.`;
  if (functions.length === 0) {
    const kinds = [...new Set(layers.map(({ operator }) => operator))].slice(0, 3).join(', ');
    return `${none}: its only activation layers are of the kind ${kinds}.`;
  }
  const all =
    functions.length === 1 ? 'its activation function does not stand' : `none of its ${functions.length} stands`;
  return `${none}: ${all} alone between two such layers of one kind and width.`;
}

function whyNoLayers(attention: readonly Attention[], mlpBlocks: readonly MlpBlock[]): string {
  const need = 'a transformer layer adds what attention or an MLP of dense layers computes back to a residual stream';
  if (attention.length === 0 && !mlpBlocks.some(({ up }) => up.kind === 'dense'))
    return `This graph has neither attention nor an MLP of dense layers, and ${need}.`;
  return `No attention and no MLP of this graph is added back to what it started from, and ${need}.`;
}
