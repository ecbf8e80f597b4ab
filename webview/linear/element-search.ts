/** Finds numbers at an end of a system by their name or their place; the largest come first. */
import type { SystemDescription, SystemEnd } from '../../src/protocol/linear.js';
import type { SearchAnswer } from '../controls/search-select.js';
import { formatNumber } from '../format/numbers.js';
import { elementName, largestFirst, outputName, top } from './ends.js';

const CHOICES_LISTED = 60;
/** Names that a text is looked for in: an end may hold a million pixels. */
const MOST_SEARCHED = 50_000;

type Name = (element: number) => string;

export function searchOutputs(
  description: SystemDescription,
  query: string,
  except: readonly number[] = [],
): SearchAnswer {
  return search(description.to.values, (output) => outputName(description, output), query, except);
}

export function searchElements({ layout, values }: SystemEnd, query: string): SearchAnswer {
  return search(values, (element) => elementName(layout, element), query, []);
}

function search(values: Float32Array, name: Name, query: string, except: readonly number[]): SearchAnswer {
  const typed = query.trim().toLowerCase();
  const taken = new Set(except);
  const fit = typed === '' ? largest(values, taken) : matching(values, name, typed, taken);
  const total = typed === '' ? values.length - taken.size : fit.length;
  const listed = fit.slice(0, CHOICES_LISTED);
  return {
    choices: listed.map((element) => ({
      value: String(element),
      label: name(element),
      detail: formatNumber(values[element] ?? NaN),
    })),
    more: total - listed.length,
  };
}

function largest(values: Float32Array, except: ReadonlySet<number>): readonly number[] {
  return top(values, 0, values.length, CHOICES_LISTED + except.size).filter((element) => !except.has(element));
}

function matching(values: Float32Array, name: Name, typed: string, except: ReadonlySet<number>): readonly number[] {
  const fit: number[] = [];
  for (let element = 0; element < Math.min(values.length, MOST_SEARCHED); element++) {
    if (!except.has(element) && name(element).toLowerCase().includes(typed)) fit.push(element);
  }
  const number = /^\d+$/.test(typed) ? Number(typed) : -1;
  if (number >= MOST_SEARCHED && number < values.length && !except.has(number)) fit.push(number);
  const sorted = largestFirst(values, fit);
  // The element of exactly that number comes first.
  return sorted.includes(number) ? [number, ...sorted.filter((element) => element !== number)] : sorted;
}
