/** What changed from one version of an operator to the next, found by comparing the facts. */
import { defaultText } from './attribute-words.js';
import type { AttributeFact, OperatorVersion, ValueFact } from './facts.js';

export interface OperatorChange {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly what: 'attribute' | 'input' | 'output' | 'operator';
  readonly name: string;
  /** "attribute “axes” is gone", one phrase. */
  readonly text: string;
}

/** The changes from `older` to `newer`; empty where names, types, defaults and kinds are all the same. */
export function versionChanges(older: OperatorVersion, newer: OperatorVersion): readonly OperatorChange[] {
  const deprecated: OperatorChange[] =
    newer.deprecated && !older.deprecated
      ? [{ kind: 'changed', what: 'operator', name: '', text: 'the operator is deprecated' }]
      : [];
  return [
    ...deprecated,
    ...compared('attribute', older.attributes, newer.attributes, addedAttribute, attributeDifferences),
    ...compared('input', older.inputs, newer.inputs, addedValue, valueDifferences),
    ...compared('output', older.outputs, newer.outputs, addedValue, valueDifferences),
  ];
}

function compared<Fact extends { readonly name: string }>(
  what: 'attribute' | 'input' | 'output',
  older: readonly Fact[],
  newer: readonly Fact[],
  added: (fact: Fact) => string,
  differences: (before: Fact, now: Fact) => readonly string[],
): OperatorChange[] {
  const before = new Map(older.map((fact) => [fact.name, fact]));
  const now = new Set(newer.map(({ name }) => name));
  return [
    ...older
      .filter(({ name }) => !now.has(name))
      .map(({ name }): OperatorChange => ({ kind: 'removed', what, name, text: `${what} “${name}” is gone` })),
    ...newer.flatMap((fact): OperatorChange[] => {
      const { name } = fact;
      const known = before.get(name);
      if (known === undefined) {
        return [{ kind: 'added', what, name, text: `${what} “${name}” is new${added(fact)}` }];
      }
      const found = differences(known, fact);
      if (found.length === 0) return [];
      return [{ kind: 'changed', what, name, text: `${what} “${name}” ${found.join(', and ')}` }];
    }),
  ];
}

function addedAttribute(fact: AttributeFact): string {
  if (fact.required) return ' and required';
  return fact.default === undefined ? '' : ` (default: ${defaultText(fact.default)})`;
}

function addedValue({ kind }: ValueFact): string {
  return kind === 'required' ? '' : ` (${kind})`;
}

function attributeDifferences(before: AttributeFact, now: AttributeFact): string[] {
  const found: string[] = [];
  if (before.type !== now.type) found.push(`is of type ${now.type}, not ${before.type}`);
  if (before.required !== now.required) found.push(now.required ? 'is required' : 'may be left out');
  const [old, fresh] = [before.default, now.default].map((value) => value !== undefined && defaultText(value));
  if (old !== fresh) {
    if (fresh === false) found.push('has no stated default any more');
    else found.push(old === false ? `has the default ${fresh}` : `has the default ${fresh}, not ${old}`);
  }
  return found;
}

function valueDifferences(before: ValueFact, now: ValueFact): string[] {
  const found: string[] = [];
  if (before.kind !== now.kind) found.push(`is ${now.kind}, not ${before.kind}`);
  const more = now.types.filter((type) => !before.types.includes(type));
  const fewer = before.types.filter((type) => !now.types.includes(type));
  if (more.length > 0) found.push(`may also be ${more.join(', ')}`);
  if (fewer.length > 0) found.push(`may no longer be ${fewer.join(', ')}`);
  return found;
}
