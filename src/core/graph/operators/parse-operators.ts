/** Reads media/operators.json. The file is ours, but it may be cut off or belong to another version: all is checked. */
import { problem, type ProblemError } from '../../errors.js';
import type {
  AttributeFact,
  DefaultValue,
  OperatorFacts,
  Operators,
  OperatorSource,
  OperatorVersion,
  ValueFact,
  ValueKind,
} from './facts.js';

type Json = Readonly<Record<string, unknown>>;

/** @throws ProblemError `internal` when the text is not such a file. */
export function parseOperators(text: string): Operators {
  const root = object(parseJson(text), 'the file');
  const names = list(root['types'], 'types').map((name) => string(name, 'types'));
  const typeSets = list(root['typeSets'], 'typeSets').map((set) =>
    list(set, 'typeSets').map((index) => at(names, index, 'typeSets')),
  );
  const operators = new Map<string, OperatorFacts>();
  for (const entry of list(root['operators'], 'operators')) {
    const facts = operatorOf(object(entry, 'operators'), typeSets);
    operators.set(keyOf(facts.domain, facts.name), facts);
  }
  return {
    sources: list(root['sources'], 'sources').map(sourceOf),
    count: operators.size,
    find: (domain, name) => operators.get(keyOf(domain, name)),
    all: () => operators.values(),
  };
}

function keyOf(domain: string, name: string): string {
  return `${domain === 'ai.onnx' ? '' : domain}\n${name}`;
}

function sourceOf(value: unknown): OperatorSource {
  const source = object(value, 'sources');
  return {
    project: string(source['project'], 'project'),
    commit: string(source['commit'], 'commit'),
    licence: string(source['licence'], 'licence'),
  };
}

function operatorOf(entry: Json, typeSets: readonly (readonly string[])[]): OperatorFacts {
  const name = string(entry['name'], 'name');
  const versions = list(entry['versions'], name).map((version) => versionOf(object(version, name), name, typeSets));
  const ascending = versions.every(({ since }, index) => since > (versions[index - 1]?.since ?? 0));
  if (versions.length === 0 || !ascending) throw broken(`the versions of ${name}`);
  const defaults = Object.entries(optionalObject(entry['defaults'], name));
  return {
    domain: string(entry['domain'], 'domain'),
    name,
    ...(entry['sentence'] === undefined ? {} : { sentence: string(entry['sentence'], name) }),
    impliedDefaults: new Map(defaults.map(([attribute, words]) => [attribute, string(words, name)])),
    versions,
  };
}

function versionOf(entry: Json, name: string, typeSets: readonly (readonly string[])[]): OperatorVersion {
  const variables = optionalObject(entry['typeVariables'], name);
  const values = (key: string): ValueFact[] =>
    optionalList(entry[key], name).map((value) => {
      const { name: valueName, type, kind = 'required' } = object(value, name);
      const variable = typeof type === 'string' ? type : undefined;
      return {
        name: string(valueName, name),
        kind: kindOf(kind, name),
        types: at(typeSets, variable === undefined ? type : own(variables, variable), name),
        ...(variable === undefined ? {} : { typeVariable: variable }),
      };
    });
  const leastInputs = entry['leastInputs'];
  return {
    since: integer(entry['since'], name),
    deprecated: entry['deprecated'] === true,
    ...(leastInputs === undefined ? {} : { leastInputs: integer(leastInputs, name) }),
    attributes: optionalList(entry['attributes'], name).map((attribute) => attributeOf(object(attribute, name), name)),
    inputs: values('inputs'),
    outputs: values('outputs'),
  };
}

function attributeOf(entry: Json, operator: string): AttributeFact {
  const stated = entry['default'];
  return {
    name: string(entry['name'], operator),
    type: string(entry['type'], operator),
    required: entry['required'] === true,
    ...(stated === undefined ? {} : { default: defaultOf(stated, operator) }),
  };
}

function defaultOf(value: unknown, operator: string): DefaultValue {
  if (typeof value === 'number' || typeof value === 'string') return value;
  const values = list(value, operator);
  if (values.every((each) => typeof each === 'number')) return values;
  if (values.every((each) => typeof each === 'string')) return values;
  throw broken(operator);
}

function kindOf(value: unknown, operator: string): ValueKind {
  if (value === 'required' || value === 'optional' || value === 'variadic') return value;
  throw broken(operator);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw broken('the file, which is no JSON');
  }
}

function object(value: unknown, where: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken(where);
  return value as Json;
}

function optionalObject(value: unknown, where: string): Json {
  return value === undefined ? {} : object(value, where);
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw broken(where);
  return value;
}

function optionalList(value: unknown, where: string): readonly unknown[] {
  return value === undefined ? [] : list(value, where);
}

function string(value: unknown, where: string): string {
  if (typeof value !== 'string') throw broken(where);
  return value;
}

function integer(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw broken(where);
  return value;
}

function own(values: Json, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function at<Value>(values: readonly Value[], index: unknown, where: string): Value {
  const value = typeof index === 'number' ? values[index] : undefined;
  if (value === undefined) throw broken(where);
  return value;
}

function broken(where: string): ProblemError {
  return problem('internal', 'The documentation of operators cannot be read.', {
    place: `operators.json: ${where}`,
    remedy: 'Install the extension again.',
  });
}
