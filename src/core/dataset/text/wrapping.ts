import { isRecord } from '../token-text.js';
import { isId } from './check-tokenizer.js';

/** Ids that stand before and after every document. */
export interface Wrapping {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

const NOTHING: Wrapping = { prefix: [], suffix: [] };
const MAXIMUM_TOKENS = 16;
const MAXIMUM_DEPTH = 8;

/**
 * What the `post_processor` of a tokenizer.json puts around a single text: `[CLS] … [SEP]`, `<s> …`. Forms that are
 * not known put nothing.
 */
export function wrappingOf(processor: unknown, depth = 0): Wrapping {
  if (!isRecord(processor) || depth > MAXIMUM_DEPTH) return NOTHING;
  switch (processor['type']) {
    case 'TemplateProcessing':
      return ofTemplate(processor['single'], processor['special_tokens']);
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { prefix: idOfPair(processor['cls']), suffix: idOfPair(processor['sep']) };
    case 'Sequence': {
      const inner: unknown = processor['processors'];
      const all = (Array.isArray(inner) ? inner : [])
        .slice(0, MAXIMUM_TOKENS)
        .map((each) => wrappingOf(each, depth + 1));
      return {
        prefix: all
          .toReversed()
          .flatMap(({ prefix }) => prefix)
          .slice(0, MAXIMUM_TOKENS),
        suffix: all.flatMap(({ suffix }) => suffix).slice(0, MAXIMUM_TOKENS),
      };
    }
    default:
      return NOTHING;
  }
}

/** ["[CLS]", 101] */
function idOfPair(pair: unknown): number[] {
  const id: unknown = Array.isArray(pair) ? pair[1] : undefined;
  return isId(id) ? [id] : [];
}

/** [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}], and the ids of "<s>". */
function ofTemplate(single: unknown, specials: unknown): Wrapping {
  const prefix: number[] = [];
  const suffix: number[] = [];
  let seen = false;
  for (const item of (Array.isArray(single) ? single : []).slice(0, MAXIMUM_TOKENS) as readonly unknown[]) {
    if (!isRecord(item)) continue;
    if ('Sequence' in item) seen = true;
    else (seen ? suffix : prefix).push(...specialIds(item['SpecialToken'], specials));
  }
  return { prefix: prefix.slice(0, MAXIMUM_TOKENS), suffix: suffix.slice(0, MAXIMUM_TOKENS) };
}

function specialIds(special: unknown, specials: unknown): number[] {
  const name = isRecord(special) ? special['id'] : undefined;
  if (typeof name !== 'string' || !isRecord(specials) || !Object.hasOwn(specials, name)) return [];
  const entry = specials[name];
  const ids: unknown = isRecord(entry) ? entry['ids'] : undefined;
  return Array.isArray(ids) ? ids.filter(isId).slice(0, MAXIMUM_TOKENS) : [];
}
