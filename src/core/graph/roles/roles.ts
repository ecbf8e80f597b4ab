/** What the parts of a graph are for, told from its structure alone. */
import type { Graph } from '../graph.js';
import { detectActivationLayers } from '../layer-detection.js';
import { findMlpBlocks, type MlpBlock } from './mlp-blocks.js';

export type { MlpBlock, MlpBlockKind } from './mlp-blocks.js';
export type { Projection } from './projection.js';

export interface Roles {
  /** In the order of computation. */
  readonly mlpBlocks: readonly MlpBlock[];
  /** Why there are none, one sentence; absent where there are. */
  readonly noMlpBlocks?: string;
}

const cache = new WeakMap<Graph, Roles>();

/** The roles of the main graph. Computed once per graph. */
export function findRoles(graph: Graph): Roles {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const mlpBlocks = findMlpBlocks(graph);
  const roles: Roles = mlpBlocks.length > 0 ? { mlpBlocks } : { mlpBlocks, noMlpBlocks: whyNoMlpBlocks(graph) };
  cache.set(graph, roles);
  return roles;
}

function whyNoMlpBlocks(graph: Graph): string {
  const layers = detectActivationLayers(graph);
  const functions = layers.filter(({ family }) => family !== 'recurrent' && family !== 'distribution');
  const need = 'an MLP block is an activation function between two linear layers with constant weights';
  if (layers.length === 0) return `This graph has no activation function, and ${need}.`;
  if (functions.length === 0) {
    const kinds = [...new Set(layers.map(({ operator }) => operator))].slice(0, 3).join(', ');
    return `The only activation layers of this graph are of the kind ${kinds}, and ${need}.`;
  }
  const all =
    functions.length === 1 ? 'The activation function' : `None of the ${functions.length} activation functions`;
  const stands = functions.length === 1 ? 'does not stand' : 'stands';
  return `${all} of this graph ${stands} alone between two linear layers of the same kind and width, and ${need}.`;
}
