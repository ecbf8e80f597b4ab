import { isRecord } from '../token-text.js';
import { checkedEntries, isId } from './check-tokenizer.js';
import { unusableTokenizer } from './text-problem.js';

/** Tokens longer than this are not made by merging. */
const MAXIMUM_CHARACTERS = 256;

/**
 * A vocabulary with merge scores (`{"vocab_bytes" or "vocab": […], "scores": […], "bos": 1}`, as llama2.c keeps it) as
 * the tokenizer.json that gives the same tokens: SentencePiece's byte-pair encoding joins the neighbours whose union
 * scores best, so the merges are all pairs whose union is a token, best score first. A text starts as if a space stood
 * before it; characters without a token become bytes.
 * @throws ProblemError `invalid-inputs`.
 */
export function fromScoredMerges(
  json: Readonly<Record<string, unknown>>,
  place: string,
): Readonly<Record<string, unknown>> {
  const scores = json['scores'];
  const entries = checkedEntries(json['vocab_bytes'] ?? json['vocab'], place);
  if (!Array.isArray(scores) || entries.length === 0 || !scores.every((score) => Number.isFinite(score))) {
    throw unusableTokenizer(place, 'has no score for every token');
  }
  const { bos } = json;
  const isSpecial = (id: number, token: string): boolean =>
    id === bos || id === json['eos'] || /^<(0x[0-9A-F]{2}|unk|s|\/s)>$/.test(token);
  const vocabulary = new Map<string, number>();
  for (const [id, token] of entries) if (!vocabulary.has(token)) vocabulary.set(token, id);
  const joinable = new Set(entries.filter(([id, token]) => !isSpecial(id, token)).map(([, token]) => token));

  const merges: { readonly pair: readonly [string, string]; readonly score: number }[] = [];
  for (const [id, token] of entries) {
    const characters = [...token];
    if (!joinable.has(token) || characters.length > MAXIMUM_CHARACTERS) continue;
    for (let at = 1; at < characters.length; at++) {
      const pair = [characters.slice(0, at).join(''), characters.slice(at).join('')] as const;
      if (pair.every((part) => joinable.has(part))) merges.push({ pair, score: Number(scores[id] ?? -Infinity) });
    }
  }
  return {
    normalizer: { type: 'Prepend', prepend: ' ' },
    pre_tokenizer: null,
    post_processor: isId(bos)
      ? {
          type: 'TemplateProcessing',
          single: [{ SpecialToken: { id: 'bos' } }, { Sequence: { id: 'A' } }],
          special_tokens: { bos: { ids: [bos] } },
        }
      : null,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(vocabulary),
      merges: merges.toSorted((a, b) => b.score - a.score).map(({ pair }) => pair),
      byte_fallback: true,
      unk_token: vocabulary.has('<unk>') ? '<unk>' : null,
    },
  };
}

export function isScored(json: unknown): json is Readonly<Record<string, unknown>> {
  return isRecord(json) && !isRecord(json['model']) && 'scores' in json;
}
