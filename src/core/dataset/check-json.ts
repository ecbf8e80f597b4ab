import { problem } from '../errors.js';

/** Checks one value of a parsed JSON file. `place` is its path: "inputs.image.scale". @throws ProblemError `invalid-recipe`. */
export type Check<T> = (value: unknown, place: string) => T;

export function invalid(place: string, message: string, remedy: string): Error {
  return problem('invalid-recipe', message, { place, remedy });
}

/** What a value is, for "… is 3, but …": short, never the whole of a long text. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function expected<T>(value: unknown, place: string, what: string): T {
  const is = value === undefined ? 'is missing' : `is ${shown(value)}`;
  throw invalid(place, `“${place}” ${is}; it must be ${what}.`, `Set “${place}” to ${what}.`);
}

export function number(limits: { readonly above?: number } = {}): Check<number> {
  return (value, place) => {
    if (typeof value === 'number' && Number.isFinite(value) && !(value <= (limits.above ?? -Infinity))) return value;
    return expected(value, place, limits.above === undefined ? 'a number' : `a number above ${limits.above}`);
  };
}

export function integer(low: number, high: number): Check<number> {
  return (value, place) =>
    typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high
      ? value
      : expected(value, place, `a whole number from ${low} to ${high}`);
}

export function oneOf<T extends string | number>(...choices: readonly T[]): Check<T> {
  return (value, place) =>
    choices.find((choice) => choice === value) ??
    expected(value, place, choices.map((choice) => JSON.stringify(choice)).join(' or '));
}

export function text(maximumLength: number): Check<string> {
  return (value, place) =>
    typeof value === 'string' && value.length > 0 && value.length <= maximumLength
      ? value
      : expected(value, place, `a text of 1 to ${maximumLength} characters`);
}

export function list<T>(item: Check<T>, minimum: number, maximum: number, what: string): Check<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length < minimum || value.length > maximum) return expected(value, place, what);
    return value.map((element: unknown, i) => item(element, `${place}[${i}]`));
  };
}

export function object(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return expected(value, place, 'an object in braces { }');
}

/** A property's check; `fallback` makes it optional. */
export interface Property<T> {
  readonly check: Check<T>;
  readonly fallback?: { readonly value: T };
}

export function required<T>(check: Check<T>): Property<T> {
  return { check };
}

export function optional<T>(check: Check<T>, value?: T): Property<T | undefined> {
  return { check, fallback: { value } };
}

export function withDefault<T>(check: Check<T>, value: T): Property<T> {
  return { check, fallback: { value } };
}

/** An object with exactly these properties; those that are absent and have no default stay absent. */
export function record<T extends object>(properties: { readonly [K in keyof T]-?: Property<T[K]> }): Check<T> {
  const names = Object.keys(properties) as (keyof T & string)[];
  return (value, place) => {
    const found = object(value, place);
    const at = (name: string): string => (place === 'recipe' ? name : `${place}.${name}`);
    for (const name of Object.keys(found)) {
      if (!names.some((known) => known === name)) {
        const known = names.map((each) => `“${each}”`).join(', ');
        throw invalid(at(name), `“${at(name)}” is not a property of a recipe here.`, `Use one of ${known}.`);
      }
    }
    const result: Partial<T> = {};
    for (const name of names) {
      const { check, fallback } = properties[name];
      const absent = !Object.hasOwn(found, name);
      const checked = absent && fallback !== undefined ? fallback.value : check(found[name], at(name));
      if (checked !== undefined) result[name] = checked;
    }
    return result as T;
  };
}
