/** What is known of one feature, as it leaves for other tools. */
import type { EqualBins } from '../equal-bins.js';
import { shownPosition, type Excerpt } from '../excerpts.js';
import type { FeatureLabel } from '../labels.js';
import { placeText, type Layout } from '../../dictionary/attach/layout.js';

/** Where features are from, as far as it is known: nothing is made up for what is not. */
export interface ExportedSource {
  /** The model, and the dictionary on it: as the configuration says (`neuronpedia_id`), else the names of their files. */
  readonly modelId: string;
  readonly sourceId: string;
  readonly layer?: number;
  /** TransformerLens’ name of the value that is read. */
  readonly hookName?: string;
}

/** These formats know texts only: where an input is none, its places are named in their stead. */
export interface ExportedExample extends Excerpt {
  readonly tokens: readonly string[];
}

/** @param excerpt that without tokens shows its whole input. */
export function exportedExample(excerpt: Excerpt, layout: Layout): ExportedExample {
  const names = (): string[] =>
    Array.from(excerpt.activations, (_, index) => `[${placeText(shownPosition(excerpt, index, layout), layout)}]`);
  return { ...excerpt, tokens: excerpt.tokens ?? names() };
}

export interface ExportedFeature {
  readonly feature: number;
  readonly label: FeatureLabel;
  /** Share of tokens with f ≠ 0, and with f > 0. */
  readonly nonZero: number;
  readonly density: number;
  /** 0 where it never fired. */
  readonly maximum: number;
  readonly tokens: number;
  /** Of f > 0. */
  readonly histogram: EqualBins;
  readonly top: readonly ExportedExample[];
  readonly intervals: readonly {
    readonly from: number;
    readonly to: number;
    readonly count: number;
    readonly examples: readonly ExportedExample[];
  }[];
  /** Largest and smallest first. */
  readonly logits?: {
    readonly top: readonly { readonly text: string; readonly effect: number }[];
    readonly bottom: readonly { readonly text: string; readonly effect: number }[];
    readonly histogram: EqualBins;
  };
}

/** Middles of bins: what a bar stands at in histograms of sae_vis, SAEDashboard and Neuronpedia. */
export function barValues({ edges, counts }: EqualBins): number[] {
  return counts.map((_, bin) => ((edges[bin] as number) + (edges[bin + 1] as number)) / 2);
}
