/** From the text of a query to what is looked for; what is not understood has its place and a reason. */
import { displayText } from '../../display-text.js';
import { nearestWords } from './nearest-words.js';
import { parseNumber, parseRange } from './number-range.js';
import {
  FIELDS,
  type AttributeCondition,
  type Condition,
  type FieldDescription,
  type Query,
  type QueryProblem,
  type SearchMetric,
  type SizePattern,
  type Term,
} from './query.js';
import { scanTerms, type ScannedTerm, type Span } from './scan-terms.js';
import { textPattern } from './text-pattern.js';

/** Longer queries are no questions of a person. */
export const MAXIMUM_QUERY_LENGTH = 2000;
const MAXIMUM_TERMS = 50;
const MAXIMUM_VALUES = 100;
const MAXIMUM_SIZES = 32;

const KINDS = ['node', 'module', 'input', 'output'];

export type ParsedQuery = { readonly query: Query } | { readonly problems: readonly QueryProblem[] };

const NAME_FIELD: FieldDescription = FIELDS.find(({ name }) => name === 'name') ?? {
  name: 'name',
  form: 'text',
  anywhere: true,
  meaning: '',
};

/** Every field that a query may name: those of the language, and one for each number that was measured. */
export function searchFields(metrics: readonly SearchMetric[]): readonly FieldDescription[] {
  const own = new Set(FIELDS.map(({ name }) => name));
  const measured = metrics
    .filter(({ name }) => !own.has(name))
    .map(({ name, label }): FieldDescription => ({ name, form: 'number', anywhere: false, meaning: label }));
  return [...FIELDS, ...measured];
}

/** Whether commas separate the values of a field: in a shape they separate sizes. */
export function splitsAtCommas(field: string): boolean {
  return field.toLowerCase() !== 'shape';
}

/** An empty text is a query without terms. @param metrics what was measured: fields of their own. */
export function parseQuery(text: string, metrics: readonly SearchMetric[] = []): ParsedQuery {
  if (text.length > MAXIMUM_QUERY_LENGTH)
    return tooLong(text, `Queries have at most ${MAXIMUM_QUERY_LENGTH} characters.`);
  const scanned = scanTerms(text, splitsAtCommas);
  const values = scanned.reduce((sum, term) => sum + term.values.length, 0);
  if (scanned.length > MAXIMUM_TERMS || values > MAXIMUM_VALUES) {
    return tooLong(text, `Queries have at most ${MAXIMUM_TERMS} terms and ${MAXIMUM_VALUES} values.`);
  }
  const fields = searchFields(metrics);
  const problems: QueryProblem[] = [];
  const terms = scanned.flatMap((term) => {
    const parsed = parseTerm(text, term, fields);
    if ('field' in parsed) return [parsed];
    problems.push(parsed);
    return [];
  });
  return problems.length > 0 ? { problems } : { query: { terms } };
}

function tooLong(text: string, message: string): ParsedQuery {
  return { problems: [{ from: 0, to: text.length, message }] };
}

function parseTerm(text: string, term: ScannedTerm, fields: readonly FieldDescription[]): Term | QueryProblem {
  const { from, to, excluded, separator } = term;
  if (term.field === undefined) return conditions(text, term, NAME_FIELD);
  const wanted = term.field.text.toLowerCase();
  const field = fields.find(({ name }) => name.toLowerCase() === wanted);
  if (field !== undefined) return conditions(text, term, field);
  if (separator !== ':' && !term.values.every((value) => parseNumber(value.text) !== undefined)) {
    // "a=b" is a name like any other.
    const whole: Span = { from: term.field.from, to, text: text.slice(term.field.from, to), quoted: false };
    return conditions(text, { from, to, excluded, separator: '', values: [whole] }, NAME_FIELD);
  }
  return unknownField(term.field, separator, fields);
}

function unknownField(span: Span, separator: string, fields: readonly FieldDescription[]): QueryProblem {
  const near = nearestWords(
    span.text,
    fields.map(({ name }) => name),
  ).map((name) => `“${name}”`);
  const meant = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  const quoted = separator === ':' ? ` A text with a colon stands in quotes.` : '';
  return {
    from: span.from,
    to: span.to,
    message: `There is no field “${displayText(span.text, 40)}”.${meant}${quoted}`,
  };
}

function conditions(text: string, term: ScannedTerm, field: FieldDescription): Term | QueryProblem {
  const { from, to, excluded } = term;
  const alternatives: Condition[] = [];
  for (const value of term.values) {
    const condition = isEmpty(value)
      ? nothingAfter(text, term, value)
      : conditionOf(text, value, term.separator, field);
    if ('message' in condition) return condition;
    alternatives.push(condition);
  }
  return { from, to, excluded, field, alternatives };
}

function isEmpty({ text, quoted }: Span): boolean {
  return text === '' && !quoted;
}

function nothingAfter(text: string, { from, to }: ScannedTerm, { from: at }: Span): QueryProblem {
  const before = displayText(text.slice(from, at), 40);
  return {
    from,
    to,
    message: before === '' ? 'A value is missing before the comma.' : `Something must follow “${before}”.`,
  };
}

type Read = Condition | QueryProblem;

function conditionOf(text: string, span: Span, separator: string, field: FieldDescription): Read {
  switch (field.form) {
    case 'text':
      return textCondition(text, span, separator, field);
    case 'number': {
      const range = parseRange((separator === ':' ? '' : separator) + span.text);
      if (range !== undefined) return { kind: 'number', range };
      const value = displayText(span.text, 40);
      return wrong(span, `“${value}” is no number: ${field.name} takes 64, >1M, <=4Ki or 10..20.`);
    }
    case 'shape':
      return shapeCondition(span);
    case 'attribute':
      return attributeCondition(span);
  }
}

function textCondition(text: string, span: Span, separator: string, field: FieldDescription): Read {
  const isExact = text[span.from] === '=';
  const content = isExact ? span.text.slice(1) : span.text;
  if (/^[<>]/.test(separator) || (/^[<>]/.test(content) && !span.quoted)) {
    return wrong(span, `${field.name} is a text, which is neither smaller nor larger than another.`);
  }
  if (content === '') return wrong(span, `Something must follow “=”.`);
  if (field.name === 'kind' && !KINDS.some((kind) => kind === content.toLowerCase())) {
    return wrong(span, `There is no kind “${displayText(content, 40)}”: there are ${KINDS.join(', ')}.`);
  }
  return { kind: 'text', pattern: textPattern(content, isExact || separator === '=' || !field.anywhere) };
}

/** "1x64x*", "[?, 64]" without its spaces, "1×64". */
function shapeCondition(span: Span): Read {
  const content = span.text.replace(/^=?\[?|\]$/g, '');
  // Names of dimensions may hold an "x": it separates only beside a number, "?" or "*".
  const parts = content.split(/[,×]|(?<=[\d?*])x(?=.)|(?<=.)x(?=[\d?*])/i);
  if (content === '') return { kind: 'shape', sizes: [] };
  if (parts.length > MAXIMUM_SIZES) return wrong(span, `A shape has at most ${MAXIMUM_SIZES} sizes.`);
  if (parts.some((part) => part === '')) {
    return wrong(span, 'A shape is sizes with x or commas between them: 1x64x?, or *x64 with any number before.');
  }
  const sizes = parts.map((part): SizePattern => (/^\d{1,15}$/.test(part) ? Number(part) : part.toLowerCase()));
  return { kind: 'shape', sizes };
}

function attributeCondition(span: Span): Read {
  const [, name = '', comparison = '', value = ''] = /^([^<>=]*)(?:(>=|<=|>|<|=)(.*))?$/s.exec(span.text) ?? [];
  if (name === '') return wrong(span, 'The name of an attribute is missing: attr:strides, attr:strides=2.');
  const pattern = textPattern(name, true);
  if (comparison === '') return { kind: 'attribute', name: pattern };
  const condition = attributeValue(comparison, value);
  if (condition !== undefined) return { kind: 'attribute', name: pattern, value: condition };
  const remedy =
    value === ''
      ? `Something must follow “${displayText(span.text, 40)}”.`
      : `“${displayText(value, 40)}” is no number.`;
  return wrong(span, remedy);
}

function attributeValue(comparison: string, value: string): AttributeCondition | undefined {
  if (value === '') return undefined;
  const range = parseRange((comparison === '=' ? '' : comparison) + value);
  if (range !== undefined) return { kind: 'number', range };
  if (comparison !== '=') return undefined;
  const numbers = value.split(/[x×]/i).map(parseNumber);
  if (numbers.length > 1 && numbers.every((number) => number !== undefined)) return { kind: 'list', numbers };
  return { kind: 'text', pattern: textPattern(value, true) };
}

function wrong({ from, to }: Span, message: string): QueryProblem {
  return { from, to, message };
}
