/** What a query may go on with, at the cursor: fields, and the values that the graph has. */
import { displayText } from '../../display-text.js';
import type { Graph } from '../graph.js';
import { attributeText } from '../node-detail.js';
import { MAXIMUM_QUERY_LENGTH, searchFields, splitsAtCommas } from './parse-query.js';
import type { FieldDescription } from './query.js';
import { scanTerms, type Span } from './scan-terms.js';
import type { SearchFacts } from './search-graph.js';
import { searchIndex, type SearchIndex } from './search-index.js';

export interface Completion {
  /** What takes the place of the text between `from` and `to`. */
  readonly text: string;
  readonly label: string;
  /** What it is, or how often it occurs. */
  readonly detail: string;
}

export interface Completions {
  readonly from: number;
  readonly to: number;
  readonly items: readonly Completion[];
}

const MAXIMUM_ITEMS = 20;
/** Values of attributes that are read for one list. */
const MAXIMUM_ATTRIBUTES = 20_000;

/** What could stand at the cursor: fields that begin with what is there, or values of the field that contain it. */
export function completions(text: string, cursor: number, graph: Graph, facts: SearchFacts = {}): Completions {
  if (text.length > MAXIMUM_QUERY_LENGTH) return nothing(cursor);
  const fields = searchFields(facts.metrics ?? []);
  const term = scanTerms(text, splitsAtCommas).find(({ from, to }) => from <= cursor && cursor <= to);
  if (term === undefined) return { from: cursor, to: cursor, items: fieldItems(fields, '') };
  const start = term.excluded ? term.from + 1 : term.from;
  const value = term.values.findLast(({ from, to }) => from <= cursor && cursor <= to);
  if (term.field === undefined || value === undefined) {
    const end = term.field === undefined ? (term.values[0]?.to ?? term.to) : term.field.to;
    if (term.values.length > 1 || cursor < start) return nothing(cursor);
    return { from: start, to: end, items: wordItems(graph, fields, text.slice(start, cursor)) };
  }
  const wanted = term.field.text.toLowerCase();
  const field = fields.find(({ name }) => name.toLowerCase() === wanted);
  if (field === undefined) return nothing(cursor);
  return valueItems(text, cursor, value, field, graph);
}

function nothing(cursor: number): Completions {
  return { from: cursor, to: cursor, items: [] };
}

function fieldItems(fields: readonly FieldDescription[], typed: string): Completion[] {
  const wanted = typed.toLowerCase();
  return fields
    .filter(({ name }) => name.toLowerCase().startsWith(wanted))
    .slice(0, MAXIMUM_ITEMS)
    .map(({ name, meaning }) => ({ text: `${name}:`, label: `${name}:`, detail: meaning }));
}

/** A word may become a field, or it is already the beginning of an operator. */
function wordItems(graph: Graph, fields: readonly FieldDescription[], typed: string): Completion[] {
  const operators =
    typed.length < 2
      ? []
      : counted(operatorsOf(searchIndex(graph)), typed).filter(({ value }) =>
          value.toLowerCase().startsWith(typed.toLowerCase()),
        );
  return [
    ...fieldItems(fields, typed),
    ...operators.map(({ value, count }) => ({
      text: `op:${quoted(value)}`,
      label: `op:${displayText(value, 60)}`,
      detail: times(count),
    })),
  ].slice(0, MAXIMUM_ITEMS);
}

function valueItems(text: string, cursor: number, span: Span, field: FieldDescription, graph: Graph): Completions {
  const index = searchIndex(graph);
  const typed = text.slice(span.from, cursor).replace(/^"/, '');
  if (field.form === 'attribute') return attributeItems(index, cursor, span, typed);
  const found = counted(valuesOf(index, field.name), typed);
  return {
    from: span.from,
    to: span.to,
    items: found.map(({ value, count }) => ({
      text: quoted(value),
      label: displayText(value, 60),
      detail: times(count),
    })),
  };
}

function* valuesOf(index: SearchIndex, field: string): Generator<string> {
  switch (field) {
    case 'op':
      yield* operatorsOf(index);
      return;
    case 'kind':
      for (const { place } of index.subjects) yield place.kind;
      return;
    case 'domain':
      for (const { node } of index.subjects) if (node) yield node.domain;
      return;
    case 'dtype':
      for (const { node, value } of index.subjects) yield* node?.types ?? (value ? [value.type] : []);
      return;
    case 'layer':
      for (const { node } of index.subjects) yield* node?.layers ?? [];
      return;
    case 'role':
      for (const { node } of index.subjects) yield* node?.roles ?? [];
      return;
    case 'hook':
      for (const { node } of index.subjects) yield* node?.hooks ?? [];
      return;
    case 'module':
      for (const { place, inside } of index.subjects) {
        if (place.kind !== 'module') continue;
        const path = index.tree.module(place.id)?.path.join('/') ?? '';
        for (let count = 0; count < (inside?.length ?? 0); count++) yield path;
      }
  }
}

function* operatorsOf(index: SearchIndex): Generator<string> {
  for (const { node } of index.subjects) if (node) yield node.node.opType;
}

/** Names of attributes; after "=" the values that attributes of that name have. */
function attributeItems(index: SearchIndex, cursor: number, span: Span, typed: string): Completions {
  const at = typed.indexOf('=');
  const name = typed.slice(0, at).toLowerCase();
  const values: string[] = [];
  for (const { node } of index.subjects) {
    for (const attribute of node?.node.proto.attribute ?? []) {
      if (values.length >= MAXIMUM_ATTRIBUTES) break;
      if (at < 0) values.push(attribute.name);
      else if (attribute.name.toLowerCase() === name) values.push(writtenValue(attributeText(attribute)));
    }
  }
  return {
    from: at < 0 ? span.from : span.from + at + 1,
    to: Math.max(span.to, cursor),
    items: counted(values, at < 0 ? typed : typed.slice(at + 1)).map(({ value, count }) => ({
      text: quoted(value),
      label: displayText(value, 60),
      detail: times(count),
    })),
  };
}

/** "[2, 2]" is written 2x2 in a query. */
function writtenValue(text: string): string {
  const [, list] = /^\[([-\d., e+]+)\]$/.exec(text) ?? [];
  return list === undefined ? text : list.split(', ').join('x');
}

interface Counted {
  readonly value: string;
  readonly count: number;
}

/** Values that contain what is typed: those that begin with it first, then the most frequent. */
function counted(values: Iterable<string>, typed: string): readonly Counted[] {
  const wanted = typed.toLowerCase();
  const counts = new Map<string, number>();
  for (const value of values) if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1);
  const starts = ({ value }: Counted): number => (value.toLowerCase().startsWith(wanted) ? 0 : 1);
  return [...counts]
    .map(([value, count]): Counted => ({ value, count }))
    .filter(({ value }) => value.length <= 400 && value.toLowerCase().includes(wanted))
    .sort((a, b) => starts(a) - starts(b) || b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, MAXIMUM_ITEMS);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** As it must be written to be one value. */
function quoted(value: string): string {
  return /[\s,"]|^-/.test(value) ? `"${value.replaceAll('"', '')}"` : value;
}
