import type { ExamplePreview } from '../dataset.js';
import type { Row } from '../rows.js';

/** Where one input's examples come from. */
export interface ExampleSource {
  /** How many there are; undefined: as many as anybody wants, all made up or all the same. */
  readonly count: number | undefined;
  /** Shape of every example without the batch axis; undefined where examples differ in shape. */
  readonly shape: readonly number[] | undefined;
  /** The value covers the whole input, batch axis and all, so it serves one run, not one row of a run. */
  readonly wholeInput: boolean;
  /** "200 images from images/". `used` is the number of examples that a run takes. */
  describe(used: number): string;
  readonly synthetic: boolean;
  /** Changes when the files behind the examples of these indices change. */
  fingerprint(used: Int32Array): Promise<string>;
  /** @throws ProblemError when this one example cannot be read; the caller skips it and says why. */
  read(index: number): Promise<Row>;
  /** A name for messages: the picture's file, "example 12". */
  nameOf(index: number): string;
  preview(index: number): Promise<ExamplePreview>;
  /** A label that the files themselves carry (class folders). */
  label?(index: number): string | undefined;
}
