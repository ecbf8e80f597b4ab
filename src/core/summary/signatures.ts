/**
 * Units that give the same values everywhere, found without keeping any: a sum of hashes per unit, so that the order of
 * adding and merging does not matter. Two units that differ anywhere have the same 64 bits with a chance of about 2⁻⁵³.
 */
import type { Layout } from '../rewrite/layout.js';
import { mixBits } from './mix-bits.js';

export interface Signatures {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

export function createSignatures(units: number): Signatures {
  return { low: new Uint32Array(units), high: new Uint32Array(units) };
}

export function mergeSignatures(into: Signatures, other: Signatures): void {
  for (let unit = 0; unit < other.low.length; unit++) {
    into.low[unit] = (into.low[unit] as number) + (other.low[unit] as number);
    into.high[unit] = (into.high[unit] as number) + (other.high[unit] as number);
  }
}

/** What is known of each unit on one example; equal for units with equal values. */
export interface Glimpse {
  readonly minimum: Float32Array;
  readonly maximum: Float32Array;
  readonly zeros: Float32Array;
}

/**
 * Adds one example: its extremes and zeros of every unit, and every value of the units that these do not tell apart.
 * @param index of the example in the dataset.
 * @param start where the example's numbers begin in the glimpse.
 * @param values reads the example's values; called only where units tie.
 */
export function addExample(
  into: Signatures,
  index: number,
  glimpse: Glimpse,
  start: number,
  values: () => { readonly data: Float32Array; readonly first: number; readonly layout: Layout },
): void {
  const units = into.low.length;
  const [least, most] = [bitsOf(glimpse.minimum), bitsOf(glimpse.maximum)];
  const seed = mixed(index + 1, 0x9e3779b1);
  const keys = new Uint32Array(units);
  const first = firstUnits(keys);
  const tied = new Set<number>();
  for (let unit = 0; unit < units; unit++) {
    const at = start + unit;
    const key = mixed(
      mixed(mixed(least[at] as number, seed) ^ (most[at] as number), seed) ^ (glimpse.zeros[at] as number),
      seed,
    );
    keys[unit] = key;
    add(into, unit, key, mixed(key, 0x85ebca6b));
    // Nothing but zeros is known already.
    if (glimpse.minimum[at] === 0 && glimpse.maximum[at] === 0) continue;
    const other = first.with(unit);
    if (other !== unit) tied.add(other).add(unit);
  }
  if (tied.size === 0) return;
  const { data, first: offset, layout } = values();
  const words = bitsOf(data);
  layout.positionOffsets.forEach((place, position) => {
    const [one, two] = [mixed(position + 1, seed), mixed(position + 1, ~seed) | 1];
    for (const unit of tied) {
      const hash = mixed(words[offset + place + (layout.unitOffsets[unit] as number)] as number, one);
      add(into, unit, hash, Math.imul(hash, two));
    }
  });
}

/**
 * Finds the first unit of every key: a table of at least twice as many places, looked through from the key's own on.
 * Many times faster than a Map, of which every example of every layer would fill one.
 */
function firstUnits(keys: Uint32Array): { with(unit: number): number } {
  const mask = 2 ** Math.ceil(Math.log2(2 * keys.length + 1)) - 1;
  /** Units, from 1; 0 is free. */
  const table = new Int32Array(mask + 1);
  return {
    with(unit) {
      const key = keys[unit] as number;
      for (let place = key & mask; ; place = (place + 1) & mask) {
        const held = table[place] as number;
        if (held === 0) {
          table[place] = unit + 1;
          return unit;
        }
        if (keys[held - 1] === key) return held - 1;
      }
    },
  };
}

function add({ low, high }: Signatures, unit: number, one: number, other: number): void {
  low[unit] = (low[unit] as number) + one;
  high[unit] = (high[unit] as number) + other;
}

/** Of each unit, the first one with the same signature: itself where there is none before it. */
export function firstAlike({ low, high }: Signatures): Int32Array {
  const first = new Map<number, number>();
  return Int32Array.from(low, (word, unit) => {
    // 53 bits are a number of their own.
    const key = word * 2 ** 21 + ((high[unit] as number) >>> 11);
    const found = first.get(key);
    if (found === undefined) first.set(key, unit);
    return found ?? unit;
  });
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** A key of its own for each seed. */
function mixed(value: number, seed: number): number {
  return mixBits(value ^ seed);
}
