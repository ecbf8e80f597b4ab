/** What is shown of a circuit as a file that circuit-tracer and Neuronpedia read. */
import { graphJson, type GraphNode, type WrittenGraph } from '../../src/core/circuits/graph-json.js';
import type { Pruned, PruneShares } from '../../src/core/circuits/influence.js';
import { NODE_KINDS, type CircuitAnswer, type TranscoderSetDescription } from '../../src/protocol/circuits.js';
import { fileName } from '../format/words.js';
import type { Exportable } from '../state/exports.js';
import type { FoundCircuit } from '../state/circuits.js';
import type { Arrangement } from './arrangement.js';

export interface ShownGraph {
  readonly found: FoundCircuit;
  /** File name of the model. */
  readonly model: string;
  readonly transcoders: TranscoderSetDescription | undefined;
  readonly influence: Float64Array;
  readonly kept: Pruned;
  readonly shares: PruneShares;
  readonly arrangement: Arrangement;
  readonly chosen: number | undefined;
}

export function graphFile(graph: ShownGraph): Exportable {
  const { found, model } = graph;
  const name = `${withoutEnding(model)} circuit of ${promptOf(found).slice(0, 40)}`;
  return {
    suggestedName: fileName(found.answer.synthetic ? `${name} random inputs` : name, 'json'),
    make: async () => joined(await graphJson(writtenGraph(graph))),
  };
}

export function writtenGraph(graph: ShownGraph): WrittenGraph {
  const { found, model, transcoders, influence, kept, shares, arrangement, chosen } = graph;
  const { answer, edges, request } = found;
  const layers = transcoders?.layers ?? [];
  const prompt = promptOf(found);
  return {
    model: withoutEnding(model),
    slug: slugOf(prompt),
    transcoders: layers.flatMap(({ transcoder }) => (transcoder === undefined ? [] : [transcoder.name])),
    prompt,
    tokens: answer.tokens,
    layers: answer.nodes.layer.reduce((last, layer) => Math.max(last, layer), layers.at(-1)?.layer ?? -1) + 1,
    nodes: graphNodes(answer),
    edges,
    influence,
    kept,
    shares,
    maximumFeatures: request.maximumFeatures,
    pinned: arrangement.pinned,
    groups: arrangement.groups,
    clicked: chosen,
  };
}

function graphNodes({ nodes, outputs, tokenIds }: CircuitAnswer): readonly GraphNode[] {
  const outputOf = new Map(outputs.map((output) => [output.node, output]));
  return Array.from(nodes.kind, (code, node): GraphNode => {
    const [position, layer] = [nodes.position[node] as number, nodes.layer[node] as number];
    switch (NODE_KINDS[code]) {
      case 'token':
        return { kind: 'token', position, token: tokenIds[position] ?? -1 };
      case 'feature': {
        const [feature, activation] = [nodes.feature[node] as number, nodes.activation[node] as number];
        return { kind: 'feature', layer, position, feature, activation };
      }
      case 'error':
        return { kind: 'error', layer, position };
      default: {
        const { token = -1, text = '', probability = 0 } = outputOf.get(node) ?? {};
        return { kind: 'output', position, token, text, probability };
      }
    }
  });
}

/** Tokens of an input that was not typed follow each other as they are. */
function promptOf({ request: { input }, answer }: FoundCircuit): string {
  return input.kind === 'prompt' ? input.text : answer.tokens.join('');
}

const LONGEST_SLUG = 40;

/** Small letters, digits and hyphens, as addresses of graphs have them. */
function slugOf(prompt: string): string {
  const slug = prompt.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, LONGEST_SLUG).replace(/^-|-$/g, ''); // prettier-ignore
  return slug === '' ? 'circuit' : slug;
}

function withoutEnding(name: string): string {
  return name.replace(/\.[^.]+$/, '');
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
