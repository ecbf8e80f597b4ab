import type { Encoder } from './encoder.js';

const UNKNOWN = ['<unk>', '<UNK>', '[UNK]', 'UNK', '<|unk|>'];
const PADDING = ['<pad>', '<PAD>', '[PAD]', '<|pad|>'];
/** Longer tokens are looked up by their first characters only in the sense that they are never found. */
const MAXIMUM_CHARACTERS = 256;

/**
 * Encodes by a plain list of tokens, without merges or scores: from the left, the longest token that the text goes on
 * with. With a vocabulary of single characters that is one token per character. Where tokens write a space as “▁”, so
 * does the text. A character that starts no token becomes its bytes (`<0xE2>` …) where the vocabulary has them, else
 * the unknown token, else it is left out and counted.
 * @param entries id and text of every token; of tokens with the same text the first counts.
 */
export function longestMatchEncoder(entries: readonly (readonly [number, string])[]): Encoder {
  const ids = new Map<string, number>();
  let longest = 0;
  let marksSpaces = false;
  for (const [id, token] of entries) {
    if (token === '' || token.length > MAXIMUM_CHARACTERS) continue;
    if (!ids.has(token)) ids.set(token, id);
    longest = Math.max(longest, token.length);
    marksSpaces ||= token.startsWith('▁');
  }
  const named = (names: readonly string[]): number | undefined =>
    names.map((name) => ids.get(name)).find((id) => id !== undefined);
  const unknown = named(UNKNOWN);
  const utf8 = new TextEncoder();
  let leftOut = 0;
  const withoutToken = (character: string): readonly number[] => {
    const bytes = Array.from(utf8.encode(character), (byte) =>
      ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    );
    if (bytes.every((id) => id !== undefined)) return bytes;
    if (unknown !== undefined) return [unknown];
    leftOut++;
    return [];
  };
  return {
    prefix: [],
    suffix: [],
    endOfText: ids.get('<|endoftext|>') ?? ids.get('</s>'),
    padding: named(PADDING) ?? 0,
    keepsLeadingSpace: true,
    leftOut: () => leftOut,
    encode(text) {
      const from = marksSpaces ? text.replaceAll(' ', '▁') : text;
      const out: number[] = [];
      for (let at = 0; at < from.length;) {
        let length = Math.min(longest, from.length - at);
        while (length > 0 && !ids.has(from.slice(at, at + length))) length--;
        if (length > 0) out.push(ids.get(from.slice(at, at + length)) as number);
        else {
          const character = String.fromCodePoint(from.codePointAt(at) as number);
          out.push(...withoutToken(character));
          length = character.length;
        }
        at += length;
      }
      return out;
    },
  };
}

/** A BERT vocabulary: pieces that go on with a word are written “##ing”. */
export function isWordPiece(tokens: readonly string[]): boolean {
  return tokens.includes('[UNK]') && tokens.some((token) => token.startsWith('##'));
}

/**
 * The tokenizer.json that BERT's own vocab.txt stands for: text in lower case where no token has an upper case letter,
 * accents then removed, words and punctuation apart, [CLS] before and [SEP] after.
 */
export function wordPieceFile(tokens: readonly string[]): Readonly<Record<string, unknown>> {
  const vocab = Object.fromEntries(tokens.flatMap((token, id) => (token === '' ? [] : [[token, id] as const])));
  const lowercase = !tokens.some((token) => !/^\[.*\]$/.test(token) && token !== token.toLowerCase());
  const special = (name: string): readonly [string, number] | null => {
    const id = tokens.indexOf(name);
    return id < 0 ? null : [name, id];
  };
  const added = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].flatMap((content) => {
    const id = tokens.indexOf(content);
    return id < 0 ? [] : [{ id, content, special: true, normalized: false }];
  });
  return {
    added_tokens: added,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', cls: special('[CLS]'), sep: special('[SEP]') },
    model: { type: 'WordPiece', vocab, unk_token: '[UNK]', continuing_subword_prefix: '##' },
  };
}
