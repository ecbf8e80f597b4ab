/**
 * A circuit as circuit-tracer and Neuronpedia read graphs (formats 2.5 “Graph JSON”): what is kept of it, with pinned nodes and
 * supernodes. Fields by github.com/safety-research/circuit-tracer, circuit_tracer/frontend/graph_models.py, and by
 * github.com/hijohnnylin/neuronpedia, apps/webapp/app/api/graph/graph-schema.json. Errors have the feature −1, as there: by
 * older writers they were named like features of the first layer.
 */
import { breather } from '../breathe.js';
import { cantorPair } from '../dictionary/cantor-pair.js';
import type { CircuitNode } from './attribution-graph.js';
import type { EdgeMatrix } from './edge-matrix.js';
import type { Pruned, PruneShares } from './influence.js';

export type GraphNode =
  | { readonly kind: 'token'; readonly position: number; readonly token: number }
  | Extract<CircuitNode, { readonly kind: 'feature' | 'error' }>
  | {
      readonly kind: 'output';
      readonly position: number;
      readonly token: number;
      /** For people: “ the”, “ the” − “ a”. */
      readonly text: string;
      readonly probability: number;
    };

export interface WrittenGraph {
  /** Neuronpedia takes it for the model’s id. */
  readonly model: string;
  readonly slug: string;
  readonly transcoders: readonly string[];
  readonly prompt: string;
  readonly tokens: readonly string[];
  /** Of the model: outputs stand one above the last. */
  readonly layers: number;
  readonly nodes: readonly GraphNode[];
  readonly edges: EdgeMatrix;
  /** By node, on the outputs, through the whole graph. */
  readonly influence: Float64Array;
  readonly kept: Pruned;
  readonly shares: PruneShares;
  readonly maximumFeatures: number;
  readonly pinned: readonly number[];
  readonly groups: readonly { readonly name: string; readonly nodes: readonly number[] }[];
  readonly clicked: number | undefined;
}

const SCHEMA_VERSION = 1;
/** Links that become text at once. */
const LINKS_AT_ONCE = 2000;

/** @returns UTF-8, in parts. @throws CancelledError. */
export async function graphJson(graph: WrittenGraph, signal?: AbortSignal): Promise<readonly Uint8Array[]> {
  const { nodes, edges, kept, influence } = graph;
  const pause = breather(signal);
  const encoder = new TextEncoder();
  const ids = nodes.map((node) => nodeId(node, graph.layers));
  const held = cumulativeShares(influence);
  const head = {
    metadata: metadataOf(graph),
    qParams: {
      pinnedIds: graph.pinned.map((node) => ids[node]),
      supernodes: graph.groups.map(({ name, nodes: members }) => [name, ...members.map((node) => ids[node])]),
      linkType: 'both',
      clickedId: graph.clicked === undefined ? '' : ids[graph.clicked],
      sg_pos: '',
    },
    nodes: nodes.flatMap((node, at) =>
      kept.nodes[at] === 1 ? [{ node_id: ids[at], ...fieldsOf(node, graph, held[at] as number) }] : [],
    ),
  };
  await pause();
  const parts = [encoder.encode(`${JSON.stringify(head).slice(0, -1)},"links":[`)];
  let links: string[] = [];
  let written = false;
  const flush = (): void => {
    if (links.length > 0) parts.push(encoder.encode(`${written ? ',' : ''}${links.join(',')}`));
    written ||= links.length > 0;
    links = [];
  };
  for (let target = 0; target < edges.size; target++) {
    for (let edge = edges.starts[target] as number; edge < (edges.starts[target + 1] as number); edge++) {
      if (kept.edges[edge] === 0) continue;
      const weight = edges.weights[edge];
      links.push(JSON.stringify({ source: ids[edges.sources[edge] as number], target: ids[target], weight }));
    }
    if (links.length < LINKS_AT_ONCE) continue;
    flush();
    await pause();
  }
  flush();
  parts.push(encoder.encode(']}\n'));
  return parts;
}

function metadataOf(graph: WrittenGraph): object {
  const { slug, model, transcoders, tokens, prompt, shares, maximumFeatures } = graph;
  return {
    slug,
    scan: model,
    transcoder_list: transcoders,
    prompt_tokens: tokens,
    prompt,
    node_threshold: shares.nodes,
    schema_version: SCHEMA_VERSION,
    info: { generator: { name: 'Model Inspector' } },
    generation_settings: { max_feature_nodes: maximumFeatures },
    pruning_settings: { node_threshold: shares.nodes, edge_threshold: shares.edges },
  };
}

/** Outputs stand two above the last layer, counted from 0, as there. */
function outputLayer(layers: number): number {
  return layers + 1;
}

function nodeId(node: GraphNode, layers: number): string {
  switch (node.kind) {
    case 'token':
      return `E_${node.token}_${node.position}`;
    case 'feature':
      return `${node.layer}_${node.feature}_${node.position}`;
    case 'error':
      return `${node.layer}_-1_${node.position}`;
    case 'output':
      return `${outputLayer(layers)}_${node.token}_${node.position}`;
  }
}

/** @param influence the share that this node and all with more of it hold together. */
function fieldsOf(node: GraphNode, { nodes, layers, tokens }: WrittenGraph, influence: number): object {
  const { position } = node;
  const same = { ctx_idx: position, run_idx: 0, reverse_ctx_idx: 0, token_prob: 0, is_target_logit: false };
  switch (node.kind) {
    case 'token':
      return {
        ...same,
        feature: position,
        layer: 'E',
        feature_type: 'embedding',
        jsNodeId: `E_${node.token}-${position}`,
        clerp: `Embedding: ${JSON.stringify(tokens[position] ?? '')}`,
        influence,
        activation: null,
      };
    case 'feature':
      return {
        ...same,
        feature: cantorPair(node.layer, node.feature),
        layer: String(node.layer),
        // The only name that the front ends know, also for transcoders of one layer.
        feature_type: 'cross layer transcoder',
        jsNodeId: `${node.layer}_${node.feature}-0`,
        clerp: '',
        influence,
        activation: node.activation,
      };
    case 'error':
      return {
        ...same,
        feature: -1,
        layer: String(node.layer),
        feature_type: 'mlp reconstruction error',
        jsNodeId: `${node.layer}_-1-${position}`,
        clerp: '',
        influence,
        activation: null,
      };
    case 'output':
      return {
        ...same,
        feature: node.token,
        layer: String(outputLayer(layers)),
        feature_type: 'logit',
        token_prob: node.probability,
        is_target_logit: node === nodes.find(({ kind }) => kind === 'output'),
        jsNodeId: `L_${node.token}-${position}`,
        clerp: `Output ${node.text} (p=${node.probability.toFixed(3)})`,
        influence: null,
        activation: null,
      };
  }
}

/** By node: what it and all nodes with more influence hold together, 0 to 1 (`prune_graph`’s cumulative scores). */
function cumulativeShares(influence: Float64Array): Float64Array {
  const order = [...influence.keys()].sort((a, b) => (influence[b] as number) - (influence[a] as number) || a - b);
  const total = influence.reduce((sum, each) => sum + each, 0);
  const shares = new Float64Array(influence.length);
  let held = 0;
  for (const node of order) {
    held += influence[node] as number;
    shares[node] = total === 0 ? 0 : Math.min(1, held / total);
  }
  return shares;
}
