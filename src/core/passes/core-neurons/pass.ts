import type { Graph } from '../../graph/graph.js';
import { findRoles, type MlpBlock } from '../../graph/roles/roles.js';
import type { ObservedLayer } from '../../graph/layers.js';
import type { Pass, RunFacts } from '../pass.js';
import type { Headline, PassResult } from '../result.js';
import { mergePerLayer, perLayer, type PerLayer } from '../units.js';
import { amount, count, oneInputCaution, percent } from '../words.js';
import { ALPHA, BETA, coreSimilarity, createBlockCores, foldCores, mergeBlockCores, type BlockCores } from './state.js';

const VERSION = 2;

/** Which few neurons a whole text uses, and how early they are known: methods C5. */
export const coreNeurons: Pass<PerLayer<Block>> = {
  id: 'core-neurons',
  version: VERSION,
  title: 'Core neurons',
  question: 'Which few neurons of every MLP block does a whole text use, and how early are they known?',
  method:
    `What the down-projection of an MLP block multiplies is read token by token (per-token variant). A token’s core are the ` +
    `largest ${percent(ALPHA)} of its positive activations (α; at least one); negative ones never count. A text’s core are ` +
    `the ${percent(BETA)} of the neurons (β) that are in most tokens’ cores. Stability at t tokens is the share of the whole ` +
    'text’s core that the first t tokens have, too. Similarity of two texts is the size of the shared core over that of both ' +
    'together (Jaccard). Source: “CoreInfer” (Wang et al., 2024), which decides with one limit per layer in its code.',
  applies: ({ graph }) => {
    const { mlpBlocks, noMlpBlocks } = findRoles(graph);
    if (denseBlocks(graph).length > 0) return { applies: true };
    return {
      applies: false,
      reason:
        noMlpBlocks === undefined
          ? `The MLP blocks of this graph (${mlpBlocks.length}) are convolutions over pictures: there are no tokens to tell cores by.`
          : `${noMlpBlocks} Dead units, zero sparsity and what can be skipped are told of its activation layers all the same.`,
    };
  },
  watches: ({ graph }) => denseBlocks(graph).map(({ neurons, label }) => ({ value: neurons, label })),
  plan: (_, watched = []) => watched.filter(isText).map(({ value }) => ({ layer: value, kind: 'values' })),
  start: (_, watched = []) => perLayer(watched.filter(isText), (layer) => ({ layer, cores: createBlockCores(layer) })),
  fold(state, batch) {
    for (const { layer, cores } of state.values()) foldCores(cores, layer, batch);
  },
  merge: (state, other) => mergePerLayer(state, other, (into, from) => mergeBlockCores(into.cores, from.cores)),
  finish: (state, facts) => resultOf([...state.values()], facts),
};

function denseBlocks(graph: Graph): readonly MlpBlock[] {
  return findRoles(graph).mlpBlocks.filter(({ kind }) => kind === 'plain' || kind === 'gated');
}

interface Block {
  readonly layer: ObservedLayer;
  readonly cores: BlockCores;
}

/** Positions one after the other: of a picture, none is the beginning. */
function isText({ positionWord }: ObservedLayer): boolean {
  return positionWord === 'tokens';
}

function resultOf(blocks: readonly Block[], facts: RunFacts): PassResult {
  const { mlpBlocks } = findRoles(facts.graph);
  // Numbers of neurons are shown with the activation layer that they are units of.
  const shownAt = new Map(mlpBlocks.map(({ neurons, activation }) => [neurons, activation]));
  const known = new Set(facts.layers.map(({ value }) => value));
  const shown = blocks.flatMap(({ layer, cores }) => {
    const at = shownAt.get(layer.value) ?? '';
    return known.has(at) ? [{ at, layer, cores }] : [];
  });
  const layerNumbers = (of: (cores: BlockCores) => number): Record<string, number> =>
    Object.fromEntries(shown.map(({ at, cores }) => [at, of(cores)]));
  const perUnit = (of: (cores: BlockCores) => Float64Array): Record<string, Float32Array> =>
    Object.fromEntries(shown.map(({ at, cores }) => [at, Float32Array.from(of(cores))]));
  const share = { format: 'share', scale: 'sequential' } as const;
  return {
    pass: 'core-neurons',
    passVersion: VERSION,
    answer: answer(blocks, facts),
    headlines: headlines(blocks),
    findings: [],
    layerMetrics:
      shown.length === 0
        ? []
        : [
            {
              ...share,
              id: 'layer-core-stability',
              label: 'Core known at half',
              definition:
                'Share of a text’s core neurons that the first half of its tokens already has, averaged over texts (per-token variant).',
              values: layerNumbers(({ halfStability, texts }) => (halfStability[0] as number) / (texts[0] as number)),
            },
            {
              ...share,
              id: 'layer-core-similarity',
              label: 'Core shared by texts',
              definition:
                'Core neurons that two texts share over those of both together, averaged over pairs of the first 64 texts (Jaccard).',
              values: layerNumbers(coreSimilarity),
            },
            {
              ...share,
              id: 'layer-never-core',
              label: 'In no core',
              definition: 'Share of the block’s neurons that are in no token’s core.',
              values: layerNumbers(
                ({ inTokenCore }) => inTokenCore.filter((tokens) => tokens === 0).length / inTokenCore.length,
              ),
            },
          ],
    unitMetrics:
      shown.length === 0
        ? []
        : [
            {
              ...share,
              id: 'unit-token-core-share',
              label: 'In a token’s core',
              definition: `Share of tokens in whose core the neuron is: among the largest ${percent(ALPHA)} of the token’s positive activations (per-token variant).`,
              values: perUnit(({ inTokenCore, tokens }) => inTokenCore.map((each) => each / (tokens[0] as number))),
            },
            {
              ...share,
              id: 'unit-text-core-share',
              label: 'In a text’s core',
              definition: `Share of texts in whose core the neuron is: among the ${percent(BETA)} of the neurons that are in most tokens’ cores.`,
              values: perUnit(({ inTextCore, texts }) => inTextCore.map((each) => each / (texts[0] as number))),
            },
          ],
    exampleMetrics: [],
    curves: blocks.length === 0 ? [] : [stabilityCurve(blocks)],
  };
}

function meanOver(blocks: readonly Block[], of: (cores: BlockCores) => number): number {
  return blocks.reduce((sum, { cores }) => sum + of(cores), 0) / blocks.length;
}

function coreAtHalf(blocks: readonly Block[]): number {
  return meanOver(blocks, ({ halfStability, texts }) => (halfStability[0] as number) / (texts[0] as number));
}

function headlines(blocks: readonly Block[]): Headline[] {
  if (blocks.length === 0) return [];
  return [
    {
      id: 'core-at-half',
      label: 'Core known at half',
      definition:
        'Share of a text’s core neurons that the first half of its tokens already has, averaged over texts, then over MLP ' +
        'blocks (per-token variant).',
      format: 'share',
      value: coreAtHalf(blocks),
    },
  ];
}

function answer(blocks: readonly Block[], facts: RunFacts): string {
  if (blocks.length === 0) {
    return 'No MLP block of this model works token by token on these inputs, so there is no text whose core could be told.';
  }
  const half = coreAtHalf(blocks);
  const alike = meanOver(blocks, coreSimilarity);
  const shared = Number.isNaN(alike) ? '' : `; two texts share ${percent(alike)} of theirs`;
  const blocksText = blocks.length === 1 ? '1 MLP block' : `${count(blocks.length)} MLP blocks`;
  return (
    `A text’s core neurons are the ${percent(BETA)} that most of its tokens use strongly. Half of a text already has ${percent(half)} of ` +
    `those of the whole${shared} (α = ${amount(ALPHA)}, β = ${amount(BETA)}, mean over ${blocksText}, ${facts.onInputs}).${oneInputCaution(facts.inputsSeen)}`
  );
}

function stabilityCurve(blocks: readonly Block[]): PassResult['curves'][number] {
  return {
    id: 'core-stability',
    title: 'How early a text’s core is known',
    xLabel: 'Tokens read t',
    yLabel: 'Share of the core',
    definition:
      'Share of a text’s core neurons that its first t tokens have, too, averaged over texts of at least t tokens; t = 1, 2, 4, … ' +
      `(per-token variant, α = ${amount(ALPHA)}, β = ${amount(BETA)}).`,
    format: 'share',
    series: blocks.map(({ layer, cores: { stability, stabilityTexts } }) => {
      const steps = stabilityTexts.filter((texts) => texts > 0).length;
      return {
        label: layer.label,
        layer: layer.value,
        x: Float32Array.from({ length: steps }, (_, step) => 2 ** step),
        y: Float32Array.from(
          { length: steps },
          (_, step) => (stability[step] as number) / (stabilityTexts[step] as number),
        ),
      };
    }),
  };
}
