import { vocabularyEntries, isRecord } from '../token-text.js';
import { whyUnsafe } from './safe-pattern.js';
import { unusableTokenizer } from './text-problem.js';

/** Highest id that any vocabulary has room for: 64 times that of the largest in use. */
const MAXIMUM_ID = 2 ** 24 - 1;
const MAXIMUM_ADDED_TOKENS = 100_000;
/** Characters of all tokens that are searched for letter by letter: the library makes an object of each. */
const MAXIMUM_SEARCHED_CHARACTERS = 4e6;
/** Steps of normalisation and pre-tokenisation together, and how deep they may nest. */
const MAXIMUM_STEPS = 64;
const MAXIMUM_DEPTH = 8;
/** How much longer than a text its normalised form may be. */
const MAXIMUM_GROWTH = 4096;
const MAXIMUM_INSERTED = 256;
/** WordPiece needs time with the cube of this. */
const MAXIMUM_WORD_CHARACTERS = 1000;

type Json = Readonly<Record<string, unknown>>;

/**
 * Refuses a tokenizer.json whose use could take memory or time without bound. What else is wrong with it the library
 * says when it reads it.
 * @throws ProblemError `invalid-inputs`.
 */
export function checkTokenizer(json: Json, place: string): void {
  const refuse = (what: string): Error => unusableTokenizer(place, what);
  const model = json['model'];
  if (!isRecord(model)) throw refuse('has no “model”');
  checkVocabulary(model['vocab'], refuse);
  checkAdded(json['added_tokens'], refuse);
  checkLimit(model['max_input_chars_per_word'], 'max_input_chars_per_word', MAXIMUM_WORD_CHARACTERS, refuse);
  for (const name of ['continuing_subword_prefix', 'continuing_subword_suffix', 'end_of_word_suffix', 'unk_token']) {
    checkText(model[name], name, refuse);
  }
  const steps = [...stepsOf(json['normalizer'], refuse), ...stepsOf(json['pre_tokenizer'], refuse)];
  if (steps.length > MAXIMUM_STEPS) throw refuse(`has more than ${MAXIMUM_STEPS} steps before its model`);
  let growth = 1;
  for (const step of steps) growth *= checkStep(step, refuse);
  if (growth > MAXIMUM_GROWTH) throw refuse(`would make a text more than ${MAXIMUM_GROWTH} times as long`);
}

type Refuse = (what: string) => Error;

function checkVocabulary(vocabulary: unknown, refuse: Refuse): void {
  if (Array.isArray(vocabulary)) {
    if (vocabulary.length === 0) throw refuse('has an empty vocabulary');
    let characters = 0;
    for (const [id, entry] of vocabulary.entries()) {
      const [token, score] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
      if (typeof token !== 'string' || typeof score !== 'number') {
        throw refuse(`has no text and score in entry ${id} of its vocabulary`);
      }
      characters += token.length;
      if (characters > MAXIMUM_SEARCHED_CHARACTERS) throw refuse('has tokens without bounds in its vocabulary');
    }
    return;
  }
  if (!isRecord(vocabulary)) throw refuse('has no vocabulary');
  const all = Object.entries(vocabulary);
  if (all.length === 0) throw refuse('has an empty vocabulary');
  for (const [token, id] of all) if (!isId(id)) throw refuse(`gives “${token.slice(0, 80)}” no usable id`);
}

export function isId(id: unknown): id is number {
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAXIMUM_ID;
}

function checkAdded(added: unknown, refuse: Refuse): void {
  if (added === undefined || added === null) return;
  if (!Array.isArray(added)) throw refuse('has no list in “added_tokens”');
  if (added.length > MAXIMUM_ADDED_TOKENS) throw refuse(`adds more than ${MAXIMUM_ADDED_TOKENS} tokens`);
  let characters = 0;
  for (const [at, token] of (added as readonly unknown[]).entries()) {
    const fine =
      isRecord(token) && isId(token['id']) && typeof token['content'] === 'string' && token['content'] !== '';
    if (!fine) throw refuse(`has no id and text in entry ${at} of “added_tokens”`);
    characters += String(token['content']).length;
    if (characters > MAXIMUM_SEARCHED_CHARACTERS) throw refuse('has tokens without bounds in “added_tokens”');
  }
}

/** The steps of a normalizer or pre-tokenizer, sequences opened. */
export function stepsOf(part: unknown, refuse: Refuse, depth = 0): Json[] {
  if (part === undefined || part === null) return [];
  if (!isRecord(part)) throw refuse('has a step that is no object');
  if (depth > MAXIMUM_DEPTH) throw refuse(`nests sequences more than ${MAXIMUM_DEPTH} deep`);
  if (part['type'] !== 'Sequence') return [part];
  const inner = part['normalizers'] ?? part['pretokenizers'];
  if (!Array.isArray(inner) || inner.length > MAXIMUM_STEPS) throw refuse('has a sequence without usable steps');
  return inner.flatMap((each) => stepsOf(each, refuse, depth + 1));
}

/** @returns how many times longer a text can become by this step. */
function checkStep(step: Json, refuse: Refuse): number {
  for (const name of ['content', 'prepend', 'replacement', 'str_rep']) checkText(step[name], name, refuse);
  const pattern = step['pattern'];
  if (isRecord(pattern)) checkPattern(pattern, refuse);
  const inserted = (name: string): number => (typeof step[name] === 'string' ? step[name].length : 0);
  switch (step['type']) {
    case 'Replace': {
      if (!isRecord(pattern)) throw refuse('has a “Replace” without a pattern');
      const replaced = typeof pattern['String'] === 'string' ? pattern['String'].length : 0;
      // A regular expression may match nothing at all, between any two characters.
      return replaced > 0 ? Math.max(1, inserted('content') / replaced) : inserted('content') + 1;
    }
    case 'Split':
      if (!isRecord(pattern)) throw refuse('has a “Split” without a pattern');
      return 1;
    case 'Metaspace':
      return Math.max(1, inserted('str_rep'), inserted('replacement'));
    case 'FixedLength':
      if (!Number.isInteger(step['length']) || (step['length'] as number) < 1) {
        throw refuse('cuts text into pieces without a length');
      }
      return 1;
    default:
      return 1;
  }
}

function checkPattern(pattern: Json, refuse: Refuse): void {
  const { Regex: regex, String: text } = pattern;
  if (regex === undefined) {
    if (typeof text !== 'string' || text === '') throw refuse('has a pattern without text');
    return;
  }
  if (typeof regex !== 'string') throw refuse('has a pattern that is no text');
  const why = whyUnsafe(regex);
  if (why !== undefined) throw refuse(`has a pattern that ${why}: ${regex.slice(0, 120)}`);
}

function checkText(value: unknown, name: string, refuse: Refuse): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'string') throw refuse(`has a “${name}” that is no text`);
  if (value.length > MAXIMUM_INSERTED) throw refuse(`has a “${name}” of ${value.length} characters`);
}

function checkLimit(value: unknown, name: string, maximum: number, refuse: Refuse): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'number' || !(value > 0 && value <= maximum)) {
    throw refuse(`has a “${name}” that is not between 1 and ${maximum}`);
  }
}

/** Tokens with an id above what any table has room for are no vocabulary. @throws ProblemError as above. */
export function checkedEntries(source: unknown, place: string): readonly (readonly [number, string])[] {
  const all = [...vocabularyEntries(source)];
  const beyond = all.find(([id]) => !isId(id));
  if (beyond !== undefined) throw unusableTokenizer(place, `gives “${beyond[1].slice(0, 80)}” the id ${beyond[0]}`);
  return all;
}
