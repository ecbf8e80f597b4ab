/**
 * The core of a token, and that of a text: methods C5. Every activation of every token comes through here, so that values
 * are counted without branches that depend on them: a processor cannot foretell those.
 */
import { kthLargestBits } from '../../summary/select-bits.js';

const INFINITY_BITS = 0x7f800000;

/** Where the activations of one token lie. */
export interface TokenActivations {
  readonly data: Float32Array;
  /** Place of the token. */
  readonly first: number;
  /** By neuron, from there on. */
  readonly offsets: Int32Array;
}

/** Memory in which the cores of tokens are found, one after the other. */
export interface CoreScratch {
  /** By neuron, the bits of its activation if that is positive, else 0. */
  readonly keys: Int32Array;
  /** The keys above 0. */
  readonly positive: Int32Array;
}

export function coreScratch(neurons: number): CoreScratch {
  // Writing goes one place beyond what is kept.
  return { keys: new Int32Array(neurons), positive: new Int32Array(neurons + 1) };
}

/**
 * Adds 1 to the count of every neuron in a token's core: the share α of its positive activations, the largest ones, which
 * is round(α · positive), at least one where any is. Negative activations and NaN never count. Of equal ones, the first
 * are taken.
 */
export function countTokenCore(
  token: TokenActivations,
  alpha: number,
  counts: Uint32Array,
  scratch: CoreScratch,
): void {
  const { keys } = scratch;
  const positive = readKeys(token, scratch);
  if (positive === 0) return;
  const size = Math.min(positive, Math.max(1, Math.round(alpha * positive)));
  const { bits: least, ties, equal } = kthLargestBits(scratch.positive, positive, size);
  // Mostly all that equal the least one are in the core.
  const isWhole = ties === equal;
  const below = isWhole ? least - 1 : least;
  for (let neuron = 0; neuron < keys.length; neuron++) {
    counts[neuron] = (counts[neuron] as number) + ((below - (keys[neuron] as number)) >>> 31);
  }
  for (let neuron = 0, left = isWhole ? 0 : ties; left > 0; neuron++) {
    if (keys[neuron] !== least) continue;
    counts[neuron] = (counts[neuron] as number) + 1;
    left--;
  }
}

/** @returns how many are positive. */
function readKeys({ data, first, offsets }: TokenActivations, { keys, positive }: CoreScratch): number {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  let found = 0;
  for (let neuron = 0; neuron < keys.length; neuron++) {
    const word = bits[first + (offsets[neuron] as number)] as number;
    const notNegative = word & ~(word >> 31);
    const key = notNegative & ((notNegative - INFINITY_BITS - 1) >> 31);
    keys[neuron] = key;
    positive[found] = key;
    found += -key >>> 31;
  }
  return found;
}

/**
 * The share β of the neurons that are in most tokens' cores, ascending: ⌊β n⌋, at least one; of equal ones the first;
 * never one in none. @param counts by neuron: tokens in whose core it is.
 */
export function textCore(counts: Uint32Array, beta: number): Uint32Array {
  const size = Math.max(1, Math.floor(beta * counts.length));
  let most = 1;
  for (let neuron = 0; neuron < counts.length; neuron++) most = Math.max(most, counts[neuron] as number);
  const neurons = new Uint32Array(most + 1);
  for (let neuron = 0; neuron < counts.length; neuron++) {
    const tokens = counts[neuron] as number;
    neurons[tokens] = (neurons[tokens] as number) + 1;
  }
  let least = most;
  let ties = size;
  for (; least > 1 && (neurons[least] as number) < ties; least--) ties -= neurons[least] as number;
  const core = new Uint32Array(size);
  let found = 0;
  for (let neuron = 0; neuron < counts.length; neuron++) {
    const tokens = counts[neuron] as number;
    if (tokens > least || (tokens === least && ties-- > 0)) core[found++] = neuron;
  }
  return core.subarray(0, found);
}

/** How many neurons two cores share, both ascending. */
export function shared(one: Uint32Array, other: Uint32Array): number {
  let [at, both] = [0, 0];
  for (const neuron of other) {
    while ((one[at] ?? Infinity) < neuron) at++;
    if (one[at] === neuron) both++;
  }
  return both;
}
