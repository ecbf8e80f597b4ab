/** Numbers as people write them in a query: ">1M", "4Ki..1Mi", "90%". */
import type { NumberRange } from './query.js';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
  '%': 0.01,
};

const NUMBER = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?)(%|(?:[kmgt]i?)?)b?$/i;

/** "1.5M" is 1,500,000; undefined where the text is no number. */
export function parseNumber(text: string): number | undefined {
  const [, digits, unit = ''] = NUMBER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
  return Number.isFinite(value) ? value : undefined;
}

/** ">1M", "10..20", "..5", "64"; undefined where the text is neither. */
export function parseRange(text: string): NumberRange | undefined {
  const [, comparison = '', rest = ''] = /^(>=|<=|>|<|=)?(.*)$/s.exec(text) ?? [];
  const ends = comparison === '' ? /^(.*?)\.\.(.*)$/s.exec(rest) : null;
  if (ends !== null) {
    const [, from = '', to = ''] = ends;
    const least = from === '' ? -Infinity : parseNumber(from);
    const most = to === '' ? Infinity : parseNumber(to);
    if (least === undefined || most === undefined || (from === '' && to === '')) return undefined;
    return { least, most, withoutLeast: false, withoutMost: false };
  }
  const value = parseNumber(rest);
  return value === undefined ? undefined : comparedTo(comparison, value);
}

function comparedTo(comparison: string, value: number): NumberRange {
  switch (comparison) {
    case '>':
      return { least: value, most: Infinity, withoutLeast: true, withoutMost: false };
    case '>=':
      return { least: value, most: Infinity, withoutLeast: false, withoutMost: false };
    case '<':
      return { least: -Infinity, most: value, withoutLeast: false, withoutMost: true };
    case '<=':
      return { least: -Infinity, most: value, withoutLeast: false, withoutMost: false };
    default:
      return { least: value, most: value, withoutLeast: false, withoutMost: false };
  }
}

/** NaN is in no range. */
export function inRange({ least, most, withoutLeast, withoutMost }: NumberRange, value: number): boolean {
  return (withoutLeast ? value > least : value >= least) && (withoutMost ? value < most : value <= most);
}
