/** Sorts the rows of a table, quickly enough for a hundred thousand of them. */
import { breather } from '../../src/core/breathe.js';

const collator = new Intl.Collator('en', { numeric: true });
/** Comparing texts is slow: more different ones than these are sorted in stretches, or the page would stand still. */
const TEXTS_AT_ONCE = 2000;

type SortBy<Row> = (row: Row) => number | string;

/** Places of texts in their order, of the rows that they were found for: turning the order around needs them again. */
const known = new WeakMap<object, Map<unknown, Float64Array>>();

/**
 * Rows without a number stay at the end, whichever way they are sorted; equal rows keep their order.
 * @param sortBy asked once for each row.
 * @returns undefined where the rows have too many different texts: see {@link rankTexts}.
 */
export function sortRows<Row>(
  rows: readonly Row[],
  sortBy: SortBy<Row>,
  descending: boolean,
): readonly Row[] | undefined {
  const ranks = known.get(rows)?.get(sortBy);
  if (ranks !== undefined) return inOrder(rows, ranks, descending);
  const keys = rows.map(sortBy);
  if (!keys.some((key) => typeof key === 'string'))
    return inOrder(rows, new Float64Array(keys as number[]), descending);
  const texts = [...new Set(keys.map(String))];
  if (texts.length > TEXTS_AT_ONCE) return undefined;
  const found = ranksOf(keys, texts.sort(collator.compare));
  keep(rows, sortBy, found);
  return inOrder(rows, found, descending);
}

/** Finds out the order of rows with many different texts, breathing: {@link sortRows} knows it then. @throws CancelledError. */
export async function rankTexts<Row>(rows: readonly Row[], sortBy: SortBy<Row>, signal: AbortSignal): Promise<void> {
  const keys = rows.map(sortBy);
  const texts = [...new Set(keys.map(String))];
  keep(rows, sortBy, ranksOf(keys, await mergeSort(texts, signal)));
}

function keep(rows: readonly unknown[], sortBy: unknown, ranks: Float64Array): void {
  const ofRows = known.get(rows) ?? new Map<unknown, Float64Array>();
  known.set(rows, ofRows.set(sortBy, ranks));
}

function ranksOf(keys: readonly (number | string)[], sorted: readonly string[]): Float64Array {
  const rank = new Map(sorted.map((text, at) => [text, at]));
  return Float64Array.from(keys, (key) => rank.get(String(key)) as number);
}

function inOrder<Row>(rows: readonly Row[], numbers: Float64Array, descending: boolean): readonly Row[] {
  // Loops, since iterators take longer than the sort itself.
  const order = orderOf(numbers, descending);
  const placed = new Array<Row>(rows.length);
  for (let place = 0; place < order.length; place++) placed[place] = rows[order[place] as number] as Row;
  return placed;
}

const [DIGITS, DIGIT_BITS] = [4, 16];
const SIGN = 2 ** 31;

/**
 * A radix sort of doubles by their bits, which needs no comparison: numbers of either sign are turned into bits whose order
 * is theirs, and what is no number into the last. Stable, and a tenth of the time of a sort that compares.
 */
function orderOf(numbers: Float64Array, descending: boolean): Uint32Array {
  // −0 counts as 0. Every machine that runs VS Code has the low bits first.
  const keys = new Float64Array(numbers.length);
  for (let at = 0; at < keys.length; at++)
    keys[at] = (descending ? -(numbers[at] as number) : (numbers[at] as number)) + 0;
  const words = new Uint32Array(keys.buffer);
  for (let at = 0; at < keys.length; at++) {
    const [low, high] = [words[2 * at] as number, words[2 * at + 1] as number];
    const isNumber = !Number.isNaN(keys[at]);
    const isNegative = high >= SIGN;
    words[2 * at] = !isNumber ? ~0 : isNegative ? ~low : low;
    words[2 * at + 1] = !isNumber ? ~0 : isNegative ? ~high : high + SIGN;
  }
  const digits = new Uint16Array(keys.buffer);
  let [from, to] = [new Uint32Array(keys.length), new Uint32Array(keys.length)];
  for (let at = 0; at < from.length; at++) from[at] = at;
  const starts = new Uint32Array(2 ** DIGIT_BITS);
  for (let digit = 0; digit < DIGITS; digit++) {
    starts.fill(0);
    for (let at = digit; at < digits.length; at += DIGITS) add(starts, digits[at] as number);
    // Low digits of what was a float32 are all alike.
    if (starts[digits[digit] as number] === keys.length) continue;
    let sum = 0;
    for (let value = 0; value < starts.length; value++) {
      const count = starts[value] as number;
      starts[value] = sum;
      sum += count;
    }
    for (let place = 0; place < from.length; place++) {
      const at = from[place] as number;
      to[add(starts, digits[DIGITS * at + digit] as number)] = at;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** @returns the count before. */
function add(counts: Uint32Array, at: number): number {
  const count = counts[at] as number;
  counts[at] = count + 1;
  return count;
}

/** Bottom up, giving way to the page. */
async function mergeSort(texts: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const pause = breather(signal);
  let [from, to] = [[...texts], new Array<string>(texts.length)];
  for (let width = 1; width < texts.length; width *= 2) {
    for (let start = 0; start < texts.length; start += 2 * width) {
      const middle = Math.min(start + width, texts.length);
      const end = Math.min(start + 2 * width, texts.length);
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++) {
        const takesLeft =
          left < middle && (right >= end || collator.compare(from[left] as string, from[right] as string) <= 0);
        to[at] = (takesLeft ? from[left++] : from[right++]) as string;
        if (at % 256 === 0) await pause();
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
