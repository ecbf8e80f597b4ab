import type { Wrapping } from './wrapping.js';

/** Turns text into token ids. */
export interface Encoder extends Wrapping {
  /** A token that stands before every document where nothing else tells documents apart. */
  readonly endOfText: number | undefined;
  /** What fills a window after its text. */
  readonly padding: number;
  /** A part of a document keeps the space that it starts with; otherwise the encoder puts one there itself. */
  readonly keepsLeadingSpace: boolean;
  /** @throws ProblemError `invalid-inputs` when the tokenizer file makes that impossible. */
  encode(text: string): readonly number[];
  /** Characters without a token that were left out since the file was opened. */
  leftOut(): number;
}
