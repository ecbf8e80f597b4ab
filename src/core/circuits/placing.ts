/** Which transcoder of a set stands for which layer's MLP: by the ONNX values or the hook names of its configuration. */
import { valueNamed, type StatedPlaces } from '../dictionary/attach/stated-places.js';
import { displayText } from '../display-text.js';
import { problem } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { findRoles, type Attention } from '../graph/roles/roles.js';
import type { ReplacementSites } from './replacement-model.js';

/** Where circuits of a model are read, before any transcoder is placed. */
export interface CircuitLayers {
  readonly embedding: string;
  /** Layers with an MLP, in the order of computation. */
  readonly layers: readonly CircuitLayer[];
  readonly logits: string;
  /** Attention patterns of all layers, where they are values of the graph. */
  readonly patterns: readonly string[];
  readonly attention: readonly LayerAttention[];
}

/** The attention of one layer, as contributions through its heads ask. */
export interface LayerAttention {
  /** L of “blocks.L”. */
  readonly layer: number;
  readonly operator: string;
  /**
   * By roles: what queries are projected from, what the pattern weighs, the pattern, pattern times value before and after
   * the output projection, and how many heads of queries and of values there are.
   */
  readonly input?: string;
  readonly z: string;
  readonly output?: string;
  readonly weighed?: string;
  readonly pattern?: string;
  readonly heads?: number;
  readonly keyValueHeads?: number;
}

export interface CircuitLayer {
  /** L of “blocks.L”. */
  readonly index: number;
  /** What the MLP reads, and what it adds to the residual stream. */
  readonly reads: string;
  readonly writes: string;
}

/** @throws ProblemError `not-applicable`: the model has no token embedding, no layers with MLPs, or no unembedding. */
export function circuitLayers(graph: Graph): CircuitLayers {
  const { points, layers, attention, noLayers, noMlpBlocks } = findRoles(graph);
  const of = (role: string): string | undefined => points.find((point) => point.role === role)?.value;
  const [embedding, logits] = [of('embeddings'), of('lm_head')];
  const found = layers.flatMap(({ index, mlp, mlpAdds }): CircuitLayer[] =>
    mlp === undefined || mlpAdds === undefined ? [] : [{ index, reads: mlp.input, writes: mlpAdds }],
  );
  const why =
    found.length === 0
      ? (noLayers ?? noMlpBlocks ?? 'None of its layers has an MLP.')
      : embedding === undefined
        ? 'No table of its graph is looked up by token ids.'
        : logits === undefined
          ? 'No matrix of weights behind its last layer gives scores of tokens.'
          : undefined;
  if (why !== undefined || embedding === undefined || logits === undefined) {
    throw problem('not-applicable', `Circuits need a language model of transformer layers with MLPs. ${why ?? ''}`, {
      remedy: 'Open a language model whose ONNX graph ends in scores of tokens.',
    });
  }
  return {
    embedding,
    layers: found,
    logits,
    patterns: attention.flatMap(({ pattern }) => pattern ?? []),
    attention: layers.flatMap(({ index, attention: own }) => (own === undefined ? [] : [layerAttention(index, own)])),
  };
}

function layerAttention(layer: number, attention: Attention): LayerAttention {
  const { operator, input, z, output, weighed, pattern, heads, keyValueHeads } = attention;
  return {
    layer,
    operator,
    z,
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(weighed === undefined ? {} : { weighed }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(heads === undefined ? {} : { heads }),
    ...(keyValueHeads === undefined ? {} : { keyValueHeads }),
  };
}

/** A transcoder, by what the configuration beside it says of where it belongs. */
export interface NamedPlaces extends StatedPlaces {
  /** For a person. */
  readonly name: string;
}

export type Placed =
  | {
      readonly layer: number;
      readonly reads: string;
      readonly writes: string;
      /** What it was placed by: “blocks.0.mlp.hook_in”. */
      readonly by: string;
    }
  | { readonly reason: string };

/**
 * A place for each of a set. What it is said to write must be what the MLP of its layer adds to the residual stream; what
 * it reads may be any value with a role (before or after a gain), since that decides only what its features are.
 */
export function placeTranscoders(graph: Graph, stated: readonly NamedPlaces[]): readonly Placed[] {
  const { layers } = circuitLayers(graph);
  const taken = new Map<number, string>();
  return stated.map(({ name, reads, writes, layer: numbered }): Placed => {
    const from = valueNamed(graph, reads);
    const to = valueNamed(graph, writes);
    const layer =
      to !== undefined
        ? layers.find((each) => each.writes === to.value)
        : writes.length > 0
          ? undefined
          : (layers.find((each) => each.reads === from?.value) ?? layers.find(({ index }) => index === numbered));
    if (layer === undefined)
      return { reason: whyNowhere(reads, writes, numbered, to ?? (writes.length > 0 ? undefined : from)) };
    const other = taken.get(layer.index);
    if (other !== undefined) return { reason: `Layer ${layer.index} has “${other}” already.` };
    if (reads.length > 0 && from === undefined) return { reason: unknown(reads) };
    taken.set(layer.index, name);
    return {
      layer: layer.index,
      reads: from?.value ?? layer.reads,
      writes: layer.writes,
      by: (to ?? from)?.name ?? `layer ${layer.index}`,
    };
  });
}

const unknown = (names: readonly string[]): string =>
  `The model has no value or hook ${names.map((name) => `“${displayText(name, 80)}”`).join(' or ')}.`;

function whyNowhere(
  reads: readonly string[],
  writes: readonly string[],
  numbered: number | undefined,
  found: { readonly name: string } | undefined,
): string {
  if (found !== undefined) return `“${displayText(found.name, 80)}” is not what an MLP of the model reads or adds.`;
  const names = writes.length > 0 ? writes : reads;
  if (names.length > 0) return unknown(names);
  if (numbered !== undefined) return `The model has no MLP in a layer ${numbered}.`;
  return 'No configuration beside it says which layer it belongs to.';
}

/** By layer, and for the coders: what the attribution graph takes. Layers without a transcoder keep their own MLP. */
export function replacementSites(
  { embedding, layers, logits }: CircuitLayers,
  placed: ReadonlyMap<number, { readonly reads: string; readonly writes: string }>,
): ReplacementSites {
  return {
    embedding,
    layers: layers.map(({ index, reads, writes }) => placed.get(index) ?? { reads, writes }),
    logits,
  };
}
