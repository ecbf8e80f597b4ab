/** Features of a dictionary on the inputs of the open model, as they cross between worker, host and page (formats 3.4, 5). */
import type { Variant } from '../core/dictionary/attach/sites.js';
import type { Answers } from '../core/dictionary/facts.js';
import type { FeatureColumns, FeatureTotals } from '../core/features/columns.js';
import type { EqualBins } from '../core/features/equal-bins.js';
import type { Excerpt } from '../core/features/excerpts.js';
import type { Layout, PlaceWords } from '../core/features/layout.js';
import type { Neighbours } from '../core/features/neighbours/neighbours.js';
import type { OnProgress } from './rpc.js';

export type { Variant } from '../core/dictionary/attach/sites.js';
export type { FeatureColumns, FeatureTotals } from '../core/features/columns.js';
export type { FeatureLabel, FeatureLabels } from '../core/features/labels.js';
export type { Excerpt } from '../core/features/excerpts.js';
export type { Layout, PlaceWords } from '../core/features/layout.js';

/** A dictionary and where it belongs in the open model. */
export interface FeatureRequest {
  /** Absolute path of the dictionary’s file. */
  readonly dictionary: string;
  /**
   * ONNX name of the value that it reads; absent: as the configuration beside it says, else where
   * the experiment “dictionary fit” found that it fits best.
   */
  readonly reads?: string;
  /** Of what it is to write; absent: as the configuration says, else what it reads. */
  readonly writes?: string;
  /** What a person said of switches of its equation that the file leaves open. */
  readonly answers?: Answers;
  /** Shows features also where the dictionary explains nothing of the value (FVU above 1). */
  readonly evenIfUnfit?: boolean;
}

/** What the page asks: the host adds which dictionary is attached, and what was said of it. */
export type AttachedFeatureRequest = Omit<FeatureRequest, 'dictionary' | 'answers'>;

/** Who says where the dictionary belongs. `fit`: it fits there best of all places that were measured. */
export type PlacedBy = 'asked' | 'configuration' | 'fit';

export interface FeatureOverview {
  /** “SAE (SAELens): 192 features, 96 wide”. */
  readonly dictionary: string;
  readonly reads: string;
  readonly writes: string;
  /** How what it reads is taken; what it is to write, too, where that is the same value. */
  readonly variant: Variant;
  readonly placedBy: PlacedBy;
  readonly totals: FeatureTotals;
  /** How the places lie of which the columns count each, and what they are called. */
  readonly layout: Layout;
  readonly placeWords: PlaceWords;
  /** Fraction of variance unexplained (methods B1): over all places, and without the first of each input where they follow one another. */
  readonly fvu: number;
  readonly fvuWithoutFirst?: number;
  /** What was run: “256 texts from corpus.npy”. */
  readonly data: string;
  readonly synthetic: boolean;
  /** What to mind about all numbers, whole sentences. */
  readonly warnings: readonly string[];
  readonly columns: FeatureColumns;
  /** Token t of the columns is position t mod stride of input ⌊t / stride⌋. */
  readonly stride: number;
  /** Text of each feature’s strongest token, "" of one that never fired; absent where places are no tokens of a text. */
  readonly topTokens?: readonly string[];
  /** Length of each feature’s row of the decoder. */
  readonly decoderNorm: Float32Array;
  /** Why what features are cannot be split by the tokens that attention read; absent where it can. */
  readonly noSourceTokens?: string;
}

export interface TokenEffect {
  readonly token: number;
  readonly text: string;
  readonly effect: number;
}

export interface FeatureDetail {
  readonly feature: number;
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  /** Strongest first. */
  readonly top: readonly Excerpt[];
  /** Equal widths of activation, strongest first. */
  readonly intervals: readonly {
    readonly from: number;
    readonly to: number;
    /** Tokens in it. */
    readonly count: number;
    readonly examples: readonly Excerpt[];
  }[];
  /** W_dec[feature] @ W_U, largest and smallest first; absent with the reason where there is no unembedding. */
  readonly logits?: {
    readonly top: readonly TokenEffect[];
    readonly bottom: readonly TokenEffect[];
    /** Of all tokens. */
    readonly histogram: EqualBins;
  };
  readonly noLogits?: string;
}

/** What a feature is like. */
export interface FeatureNeighbours extends Neighbours {
  readonly feature: number;
  /** What one number of the value that it reads, and writes, is called: “neuron”, “dimension”. */
  readonly unitWords: { readonly reads: string; readonly writes: string };
  /** What to mind about the numbers, whole sentences. */
  readonly warnings: readonly string[];
}

export interface FeatureQuestions {
  /**
   * One pass of the present inputs through the dictionary.
   * @throws ProblemError `not-applicable` where it does not fit the model, `unfit-dictionary` where it explains nothing of
   *   it, `unplaced-dictionary` where nothing says which value it reads, or that is of another width.
   */
  features(request: FeatureRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<FeatureOverview>;
  /** The pass before, while the same inputs are chosen: a page that was hidden asks for it. */
  gatheredFeatures(request: Record<string, never>): Promise<FeatureOverview | undefined>;
  /** One feature of the pass before. @throws ProblemError `not-applicable` where there was none. */
  feature(request: { readonly feature: number }, signal?: AbortSignal): Promise<FeatureDetail>;
  /**
   * What a feature of the pass before is like: one more run over the same inputs, so it takes as long as the pass.
   * @throws ProblemError `not-applicable` as `feature` does.
   */
  featureNeighbours(
    request: { readonly feature: number },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<FeatureNeighbours>;
}
