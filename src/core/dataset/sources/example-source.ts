import type { ExamplePreview } from '../dataset.js';
import type { Row } from '../rows.js';
import type { TokenText } from '../token-text.js';

/** What comes next at every position of an example. */
export interface NextTokens {
  /** One id per position; −1 where none is known or can be foreseen. */
  readonly ids: Int32Array;
  /** Positions that hold tokens; the rest is padding. */
  readonly filled: number;
}

/** Where one input's examples come from. */
export interface ExampleSource {
  /** How many there are; undefined: as many as anybody wants, all made up or all the same. */
  readonly count: number | undefined;
  /** `count` is where reading stopped, since a run takes no more: there are more. */
  readonly more?: boolean;
  /** Shape of every example without the batch axis; undefined where examples differ in shape. */
  readonly shape: readonly number[] | undefined;
  /** The value covers the whole input, batch axis and all, so it serves one run, not one row of a run. */
  readonly wholeInput: boolean;
  /** "200 images from images/". `used` is the number of examples that a run takes. */
  describe(used: number): string;
  /** The same with all that opening it told, where a recipe alone does not say it. */
  line?(used: number): string;
  readonly synthetic: boolean;
  /** Changes when the files behind the examples of these indices change. */
  fingerprint(used: Int32Array): Promise<string>;
  /** @throws ProblemError when this one example cannot be read; the caller skips it and says why. */
  read(index: number): Promise<Row>;
  /** A name for messages: the picture's file, "example 12". */
  nameOf(index: number): string;
  preview(index: number): Promise<ExamplePreview>;
  /** For examples of token ids: how they are shown. */
  readonly tokens?: TokenText;
  /** For examples of token ids. */
  nextTokens?(index: number): Promise<NextTokens | undefined>;
  /** Where some examples end in padding: positions of every example, and how many of one hold tokens. */
  readonly padding?: { readonly length: number; filled(index: number): number };
  /** A label that the files themselves carry (class folders). */
  label?(index: number): string | undefined;
}
