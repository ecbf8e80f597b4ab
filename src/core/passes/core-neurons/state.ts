/** Which few neurons a text uses: methods C5, the variant that decides token by token. */
import type { ObservedLayer } from '../../graph/layers.js';
import type { ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../../summary/counts.js';
import { coreScratch, countTokenCore, shared, textCore } from './cores.js';

/** Share of a token's positive activations that are its core: methods C5 (the paper's α at + 2 % perplexity). */
export const ALPHA = 0.4;
/** Share of the neurons that are a text's core (the paper's β at + 3 % perplexity). */
export const BETA = 0.25;
/** Texts whose cores are compared with each other: the first of the dataset. */
const TEXTS_COMPARED = 64;
/** Tokens 1, 2, 4, … at which stability is measured, up to 2¹⁵. */
const STEPS = 16;

export interface BlockCores {
  /** Tokens, and those whose core a neuron is in. */
  readonly tokens: Counts;
  readonly inTokenCore: Counts;
  /** Texts, and those whose core a neuron is in. */
  readonly texts: Counts;
  readonly inTextCore: Counts;
  /** By step: Σ over texts of at least 2^step tokens of |core(1..t) ∩ core(1..T)| / |core(1..T)|, and how many texts. */
  readonly stability: Counts;
  readonly stabilityTexts: Counts;
  /** The same at half of each text. */
  readonly halfStability: Counts;
  /** Cores of the first texts, by dataset index, in ascending order of neurons. */
  readonly cores: Map<number, Uint32Array>;
}

export function createBlockCores({ units }: ObservedLayer): BlockCores {
  return {
    tokens: createCounts(1),
    inTokenCore: createCounts(units),
    texts: createCounts(1),
    inTextCore: createCounts(units),
    stability: createCounts(STEPS),
    stabilityTexts: createCounts(STEPS),
    halfStability: createCounts(1),
    cores: new Map(),
  };
}

export function mergeBlockCores(into: BlockCores, other: BlockCores): void {
  mergeCounts(into.tokens, other.tokens);
  mergeCounts(into.inTokenCore, other.inTokenCore);
  mergeCounts(into.texts, other.texts);
  mergeCounts(into.inTextCore, other.inTextCore);
  mergeCounts(into.stability, other.stability);
  mergeCounts(into.stabilityTexts, other.stabilityTexts);
  mergeCounts(into.halfStability, other.halfStability);
  for (const [index, core] of other.cores) into.cores.set(index, core);
}

export function foldCores(state: BlockCores, { value, units }: ObservedLayer, batch: ObservedBatch): void {
  const { data, layout } = batch.get(value, 'values');
  if (layout === undefined) return;
  const { exampleStride, unitOffsets, positionOffsets } = layout;
  const tokens = positionOffsets.length;
  const scratch = coreScratch(units);
  batch.indices.forEach((index, row) => {
    const counts = new Uint32Array(units);
    /** Cores of the text's beginnings, by their number of tokens. */
    const beginnings = new Map<number, Uint32Array>();
    positionOffsets.forEach((offset, position) => {
      countTokenCore({ data, first: row * exampleStride + offset, offsets: unitOffsets }, ALPHA, counts, scratch);
      const read = position + 1;
      if ((read & position) === 0 || read === Math.ceil(tokens / 2)) beginnings.set(read, textCore(counts, BETA));
    });
    const core = textCore(counts, BETA);
    const sharedWith = (read: number): number =>
      shared(beginnings.get(read) ?? new Uint32Array(), core) / core.length || 0;
    add(state.tokens, 0, tokens);
    add(state.texts, 0, 1);
    mergeCounts(state.inTokenCore, counts);
    for (const unit of core) add(state.inTextCore, unit, 1);
    for (let step = 0; step < STEPS && 2 ** step <= tokens; step++) {
      add(state.stability, step, sharedWith(2 ** step));
      add(state.stabilityTexts, step, 1);
    }
    add(state.halfStability, 0, sharedWith(Math.ceil(tokens / 2)));
    if (index < TEXTS_COMPARED) state.cores.set(index, core);
  });
}

/** Mean over pairs of texts of |A ∩ B| / |A ∪ B| (Jaccard, OURS); NaN with fewer than two. */
export function coreSimilarity({ cores }: BlockCores): number {
  const all = [...cores].sort(([a], [b]) => a - b).map(([, core]) => core);
  let [sum, pairs] = [0, 0];
  for (let first = 0; first < all.length; first++) {
    for (let second = first + 1; second < all.length; second++) {
      const [one, other] = [all[first] as Uint32Array, all[second] as Uint32Array];
      const both = shared(one, other);
      const either = one.length + other.length - both;
      if (either === 0) continue;
      sum += both / either;
      pairs++;
    }
  }
  return pairs === 0 ? NaN : sum / pairs;
}

function add(counts: Counts, index: number, value: number): void {
  counts[index] = (counts[index] as number) + value;
}
