import { Tokenizer } from '@huggingface/tokenizers';
import { isRecord } from '../token-text.js';
import { checkTokenizer, isId, stepsOf } from './check-tokenizer.js';
import type { Encoder } from './encoder.js';
import { unusableTokenizer } from './text-problem.js';
import { wrappingOf } from './wrapping.js';

/** Names that the vocabularies of well-known models give to their special tokens, best first. */
const PADDING = ['[PAD]', '<pad>', '<|pad|>', '<PAD>', '<|endoftext|>', '<|end_of_text|>', '</s>', '<eos>'];
const END_OF_TEXT = ['<|endoftext|>', '<|end_of_text|>', '</s>', '<eos>'];

/**
 * An encoder from the contents of a Hugging Face tokenizer.json, by their own library. The library is given only what
 * encoding needs, after its loops were checked for an end.
 * @throws ProblemError `invalid-inputs` for a file that the library cannot use.
 */
export function huggingFaceEncoder(json: Readonly<Record<string, unknown>>, place: string): Encoder {
  checkTokenizer(json, place);
  const model = json['model'] as Readonly<Record<string, unknown>>;
  const tokenizer = attempt(place, () => {
    const parts = {
      model,
      normalizer: json['normalizer'] ?? null,
      pre_tokenizer: json['pre_tokenizer'] ?? null,
      // What it puts around a text is known from the file; decoding is not asked for.
      post_processor: null,
      decoder: null,
      added_tokens: json['added_tokens'] ?? [],
    };
    return new Tokenizer(parts, { unk_token: model['unk_token'] ?? undefined });
  });
  const wrapping = wrappingOf(json['post_processor']);
  const named = (names: readonly string[]): number | undefined =>
    names.map((name) => tokenizer.token_to_id(name)).find(isId);
  const stated = isRecord(json['padding']) ? json['padding']['pad_id'] : undefined;
  const endOfText = wrapping.prefix.length + wrapping.suffix.length > 0 ? undefined : named(END_OF_TEXT);
  const prepends = stepsOf(json['normalizer'], (what) => unusableTokenizer(place, what)).some(
    ({ type }) => type === 'Prepend',
  );
  return {
    ...wrapping,
    endOfText,
    padding: (isId(stated) ? stated : undefined) ?? named(PADDING) ?? 0,
    keepsLeadingSpace: !prepends,
    encode: (text) => attempt(place, () => checkedIds(tokenizer, text, place)),
    leftOut: () => 0,
  };
}

function checkedIds(tokenizer: Tokenizer, text: string, place: string): readonly number[] {
  const { ids, tokens } = tokenizer.encode(text, { add_special_tokens: false });
  const wrong = ids.findIndex((id: unknown) => !isId(id));
  if (wrong < 0) return ids;
  throw unusableTokenizer(place, `has no id for “${String(tokens[wrong]).slice(0, 80)}” and none for unknown tokens`);
}

/** Whatever the library stumbles over is in the file. */
function attempt<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const known = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
    if (known || (error instanceof Error && error.constructor === Error)) {
      throw unusableTokenizer(place, `cannot be used (${error.message.slice(0, 200)})`);
    }
    throw error;
  }
}
