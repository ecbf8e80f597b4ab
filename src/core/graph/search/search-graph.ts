/** Finds what a query describes. */
import type { AttributeProto } from '../../formats/onnx/onnx_pb.js';
import { attributeNumbers } from '../attributes.js';
import type { Graph } from '../graph.js';
import { attributeText } from '../node-detail.js';
import type { ValueType } from '../value-type.js';
import { inRange } from './number-range.js';
import type { AttributeCondition, Condition, Query, SearchMetric, SizePattern, Term } from './query.js';
import { lowered, searchIndex, type Place, type SearchIndex, type Subject } from './search-index.js';
import { matchesText, type TextPattern } from './text-pattern.js';

/** What is known of a graph beside the file. */
export interface SearchFacts {
  readonly metrics?: readonly SearchMetric[];
  /** Types and shapes where the file does not state them. */
  readonly typeOf?: (value: string) => ValueType | undefined;
}

/** Values of one node that are looked through. */
const MAXIMUM_VALUES = 1000;

/**
 * Inputs, modules and nodes in topological order, then outputs. Modules are found by their names, each as the outermost
 * one that matches; by numbers only where the query asks for `kind:module`. An empty query finds nothing.
 */
export function searchGraph(graph: Graph, { terms }: Query, facts: SearchFacts = {}): readonly Place[] {
  if (terms.length === 0) return [];
  const index = searchIndex(graph);
  const asked = (name: string): boolean => terms.some(({ field, excluded }) => field.name === name && !excluded);
  const withModules = asked('kind') || asked('name');
  const search: Search = { graph, index, facts, addsUp: asked('kind') };
  // What is quickly told leaves fewer to what is not.
  const tests = [...terms].sort((a, b) => effort(a) - effort(b)).map((term) => testOf(search, term));
  return index.subjects
    .filter((subject) => (withModules || subject.place.kind !== 'module') && tests.every((test) => test(subject)))
    .map(({ place }) => place);
}

interface Search {
  readonly graph: Graph;
  readonly index: SearchIndex;
  readonly facts: SearchFacts;
  /** Modules have the numbers of what they hold. */
  readonly addsUp: boolean;
}

function effort({ field: { name, form } }: Term): number {
  if (form === 'attribute' || form === 'shape') return 3;
  if (name === 'input' || name === 'output') return 2;
  return name === 'name' ? 1 : 0;
}

type Test = (subject: Subject) => boolean;
/** Undefined: the subject has no such property. */
type Property = (subject: Subject, condition: Condition) => boolean | undefined;

function testOf(search: Search, term: Term): Test {
  const property = propertyOf(search, term);
  const { alternatives, excluded } = term;
  return (subject) => {
    let holds = false;
    for (const condition of alternatives) {
      const found = property(subject, condition);
      if (found === undefined) return false;
      if (found) holds = true;
    }
    return holds !== excluded;
  };
}

function propertyOf(search: Search, { field, excluded }: Term): Property {
  const { graph, index, facts } = search;
  switch (field.name) {
    case 'name':
      return excluded ? texts(({ names }) => names) : nameOf;
    case 'module':
      return texts(({ around }) => around);
    case 'kind':
      return texts(({ place }) => [place.kind]);
    case 'op':
      return texts(({ node }) => node && [node.operator]);
    case 'domain':
      return texts(({ node }) => node && [node.domain]);
    case 'dtype':
      return texts(({ node, value }) => node?.types ?? (value && [lowered(value.type)]));
    case 'layer':
      return texts(({ node }) => node?.layers);
    case 'role':
      return texts(({ node }) => node?.roles);
    case 'hook':
      return texts(({ node }) => node?.hooks);
    case 'input':
      return texts(({ node }) => node?.node.inputs.slice(0, MAXIMUM_VALUES).map(lowered));
    case 'output':
      return texts(({ node }) => node?.node.outputs.slice(0, MAXIMUM_VALUES).map(lowered));
    case 'params':
      return numbers(search, index.parameters, 'sum');
    case 'bytes':
      return numbers(search, index.bytes, 'sum');
    case 'shape':
      return shapes((value) => facts.typeOf?.(value) ?? graph.valueInfo(value));
    case 'attr':
      return attributes;
    default: {
      const metric = facts.metrics?.find(({ name }) => name === field.name);
      return metric === undefined ? () => undefined : numbers(search, metric.values, metric.aggregate);
    }
  }
}

function texts(of: (subject: Subject) => readonly string[] | undefined): Property {
  return (subject, condition) => {
    const found = of(subject);
    if (found === undefined || condition.kind !== 'text') return undefined;
    return matchesAny(condition.pattern, found);
  };
}

/** Of modules inside one another only the outermost has the name: the path of each begins with that of the one around. */
const nameOf: Property = ({ place, names, around }, condition) => {
  if (condition.kind !== 'text') return undefined;
  const { pattern } = condition;
  if (!matchesAny(pattern, names)) return false;
  return place.kind !== 'module' || around.includes('') || !matchesAny(pattern, around);
};

function matchesAny(pattern: TextPattern, found: readonly string[]): boolean {
  for (const text of found) if (matchesText(pattern, text)) return true;
  return false;
}

function numbers({ addsUp }: Search, values: ArrayLike<number>, aggregate: SearchMetric['aggregate']): Property {
  return ({ node, inside }, condition) => {
    if (condition.kind !== 'number') return undefined;
    const nodes = node === undefined ? (addsUp ? inside : undefined) : [node.node.index];
    const value = nodes === undefined ? NaN : aggregated(values, nodes, aggregate);
    return Number.isNaN(value) ? undefined : inRange(condition.range, value);
  };
}

/** NaN where none of the nodes has a value. */
function aggregated(values: ArrayLike<number>, nodes: readonly number[], how: SearchMetric['aggregate']): number {
  let found = NaN;
  for (const node of nodes) {
    const value = values[node] ?? NaN;
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(found)) found = value;
    else found = how === 'sum' ? found + value : Math.max(found, value);
  }
  return found;
}

function shapes(typeOf: (value: string) => ValueType | undefined): Property {
  return ({ node, value }, condition) => {
    if (condition.kind !== 'shape') return undefined;
    const types = value === undefined ? node?.node.outputs.slice(0, MAXIMUM_VALUES).map(typeOf) : [value];
    const known = types?.map((type) => type?.shape).filter((shape) => shape !== undefined);
    if (known === undefined || known.length === 0) return undefined;
    return known.some((shape) => matchesShape(condition.sizes, shape));
  };
}

/** "*" takes any number of sizes; each is tried with the fewest first, the last is where the rest must fit. */
function matchesShape(pattern: readonly SizePattern[], shape: readonly (number | string)[]): boolean {
  let [at, size] = [0, 0];
  let [star, retry] = [-1, 0];
  while (size < shape.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      [star, retry] = [at++, size];
    } else if (wanted !== undefined && matchesSize(wanted, shape[size] ?? '?')) {
      at++;
      size++;
    } else if (star >= 0) {
      at = star + 1;
      size = ++retry;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

function matchesSize(wanted: SizePattern, size: number | string): boolean {
  return wanted === '?' || wanted === (typeof size === 'string' ? size.toLowerCase() : size);
}

const attributes: Property = ({ node }, condition) => {
  if (node === undefined || condition.kind !== 'attribute') return undefined;
  const { name, value } = condition;
  for (const attribute of node.node.proto.attribute) {
    if (!matchesText(name, lowered(attribute.name))) continue;
    if (value === undefined || matchesAttribute(value, attribute)) return true;
  }
  return false;
};

/** A number is sought among the elements of a list; a list must be the whole. */
function matchesAttribute(wanted: AttributeCondition, attribute: AttributeProto): boolean {
  const numbersOf = attributeNumbers(attribute);
  switch (wanted.kind) {
    case 'number':
      return numbersOf.some((number) => inRange(wanted.range, number));
    case 'list':
      return (
        numbersOf.length === wanted.numbers.length && numbersOf.every((number, at) => number === wanted.numbers[at])
      );
    case 'text':
      return matchesText(wanted.pattern, lowered(attributeText(attribute)));
  }
}
