import type { NamedTensors } from '../tensor/tensor.js';

/** Tokens that a preview shows at most. */
export const PREVIEWED_TOKENS = 4096;

/** What a person sees of one input. */
export type ExamplePreview =
  | {
      readonly kind: 'image';
      readonly name: string;
      readonly label?: string;
      readonly mime: string;
      /** The picture's file, or a thumbnail; empty when it cannot be decoded. */
      readonly bytes: Uint8Array;
      readonly width: number;
      readonly height: number;
    }
  | {
      readonly kind: 'tokens';
      readonly name: string;
      readonly label?: string;
      /** Of a text that is longer the first {@link PREVIEWED_TOKENS}. */
      readonly tokens: readonly string[];
      readonly ids: readonly number[];
    }
  | {
      readonly kind: 'array';
      readonly name: string;
      readonly label?: string;
      readonly dims: readonly number[];
      /** The first values, at most 4,096. */
      readonly values: readonly number[];
    };

export interface SkippedInput {
  readonly name: string;
  readonly reason: string;
}

export interface Batch {
  /** Tensors by graph input; the batch axis counts `indices.length` examples, or more where the graph fixes its batch. */
  readonly feeds: NamedTensors;
  /** Dataset indices of the examples, in the order of the batch axis; rows past its length are padding. */
  readonly indices: readonly number[];
  /** Positions of each example that hold tokens, the first ones; absent where no example of the dataset holds padding. */
  readonly filled?: readonly number[];
}

/** What should come out for an example, as far as its data says so. */
export interface Targets {
  /**
   * For examples of token ids: of every position the id that comes next, −1 where none is known or can be foreseen
   * (padding, the last position of all, the first token of a document). The loss of a language model is the mean of
   * −ln p(next) over the others; perplexity is e to that power.
   */
  readonly nextTokens?: Int32Array;
  /** Positions that hold tokens, where the example has positions: the rest is padding, which no statistic should count. */
  readonly filled?: number;
  /** Index of the class that its label names. */
  readonly classIndex?: number;
}

/** Examples of a model's inputs, made one batch at a time. */
export interface Dataset {
  /** Examples that a run will use (limit applied). */
  readonly size: number;
  /** Where they come from, one short phrase: "200 images from images/". Starts with "random" when synthetic. */
  readonly description: string;
  readonly synthetic: boolean;
  /** Changes when the data or its preparation changes; part of the cache key. */
  readonly key: string;
  /** Largest batch the graph takes (1 when it fixes its batch axis at 1, ∞ when it leaves it open). */
  readonly maximumBatch: number;
  /** Positions of every example, where some examples end in padding: which ones do, each batch says. */
  readonly paddedLength?: number;
  /** Inputs that could not be read so far, each with its reason. Grows while batches are read. */
  readonly skipped: readonly SkippedInput[];
  /** Reads examples `[start, end)`; undecodable ones are left out of the batch and added to `skipped`; no feeds at all where none is left. */
  batch(start: number, end: number): Promise<Batch>;
  preview(index: number): Promise<ExamplePreview>;
  label(index: number): string | undefined;
  /** Names of the classes that labels are of, where the recipe has them; of tokens where a tokenizer shows the inputs. */
  readonly classes?: readonly string[];
  /** Without any property where nothing is known. */
  targets(index: number): Promise<Targets>;
}
