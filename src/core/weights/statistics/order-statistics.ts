/**
 * Order statistics of numbers that are too many to sort, exactly: numbers are sorted into buckets by the leading bits
 * of their float64, and each further pass over them splits only the buckets that hold a wanted one by the next bits.
 * Sign and magnitude of a float64 order like its bits, so ranks are found by adding counts up.
 */

/** Bits that tell buckets apart in each pass; together 64. float32 and 20 bits of integer are told apart after two. */
const DIGITS = [20, 15, 15, 14] as const;
/** Level of the last digit. */
const LAST = DIGITS.length - 1;
const BUCKET_BITS = DIGITS[0];
export const BUCKETS = 2 ** BUCKET_BITS;
/** Buckets from this one up hold negative numbers, largest last. */
export const NEGATIVE_BUCKETS = BUCKETS / 2;
/** Magnitudes from this bucket up are infinite or no numbers. */
const NON_FINITE_BUCKET = 0x7ff00;

export interface WantedRank {
  /** By magnitude, sign left out, or by value. Only finite numbers are ranked. */
  readonly order: 'value' | 'magnitude';
  /** From 0. */
  readonly rank: number;
}

export interface OrderStatistics {
  /** Whether a further pass over the numbers is needed. */
  readonly open: boolean;
  /** First buckets (leading 20 bits) that still have to be told apart. */
  readonly buckets: ReadonlySet<number>;
  /** Sees a number of such a bucket, given as the two halves of its bits, as often as it occurs. */
  see(high: number, low: number, times: number): void;
  /** Ends a pass. */
  advance(): void;
  /** The wanted numbers, in the order in which they were asked for. */
  readonly found: Float64Array;
}

interface Target {
  readonly order: WantedRank['order'];
  /** Leading bits found so far, at most 50 of them; without the sign where the order is that of magnitudes. */
  prefix: number;
  /** The last bits, once they are found: a prefix of 64 bits is no exact number. */
  tail: number;
  /** Rank among the numbers that share the prefix. */
  rank: number;
}

/**
 * @param counts numbers in each of the {@link BUCKETS} buckets.
 * @param passes further passes after which the numbers are known (1 for float32, 2 for 32-bit integers, 3 for any).
 */
export function selectRanks(counts: Float64Array, wanted: readonly WantedRank[], passes: number): OrderStatistics {
  const targets: Target[] = wanted.map(({ order, rank }) => ({ order, prefix: 0, tail: 0, rank }));
  let level = 0;
  /** Leading bits that prefixes consist of. */
  let bits = 0;
  /** Counts of the next digit, of each prefix that a target is in. */
  let tables = new Map<number, Float64Array>([[0, counts]]);
  let buckets: ReadonlySet<number> = new Set();
  let lastPrefix = -1;
  let lastTable: Float64Array | undefined;

  const split = (): void => {
    const digit = DIGITS[level] ?? 0;
    for (const target of targets) {
      const { order, prefix } = target;
      const table = tables.get(prefix);
      const isNegative = level > 0 && order === 'value' && prefix >= 2 ** (bits - 1);
      const found =
        level === 0
          ? findBucket(counts, order, target.rank)
          : order === 'magnitude'
            ? findDigit([table, tables.get(prefix + 2 ** (bits - 1))], target.rank, false)
            : findDigit([table], target.rank, isNegative);
      if (level === LAST) target.tail = found.digit;
      else target.prefix = prefix * 2 ** digit + found.digit;
      target.rank = found.rank;
    }
    if (level < LAST) bits += digit;
    level++;
    const next = DIGITS[level];
    tables = new Map();
    lastPrefix = -1;
    if (level > passes || next === undefined) {
      buckets = new Set();
      return;
    }
    for (const { order, prefix } of targets) {
      for (const each of order === 'magnitude' ? [prefix, prefix + 2 ** (bits - 1)] : [prefix]) {
        if (!tables.has(each)) tables.set(each, new Float64Array(2 ** next));
      }
    }
    buckets = new Set([...tables.keys()].map((prefix) => Math.floor(prefix / 2 ** (bits - BUCKET_BITS))));
  };
  split();

  return {
    get open() {
      return buckets.size > 0;
    },
    get buckets() {
      return buckets;
    },
    see(high, low, times) {
      const prefix = level === 1 ? high >>> 12 : level === 2 ? high * 8 + (low >>> 29) : high * 2 ** 18 + (low >>> 14);
      if (prefix !== lastPrefix) {
        lastPrefix = prefix;
        lastTable = tables.get(prefix);
      }
      if (lastTable === undefined) return;
      const digit =
        level === 1 ? ((high & 0xfff) << 3) | (low >>> 29) : level === 2 ? (low >>> 14) & 0x7fff : low & 0x3fff;
      lastTable[digit] = (lastTable[digit] as number) + times;
    },
    advance: split,
    get found() {
      return Float64Array.from(targets, ({ prefix, tail }) => numberOfPrefix(prefix, bits, tail));
    },
  };
}

/** The bucket that holds a rank, and the rank within it. */
function findBucket(counts: Float64Array, order: WantedRank['order'], rank: number): { digit: number; rank: number } {
  let left = rank;
  if (order === 'value') {
    for (let bucket = NEGATIVE_BUCKETS + NON_FINITE_BUCKET - 1; bucket >= NEGATIVE_BUCKETS; bucket--) {
      const inside = counts[bucket] as number;
      if (left < inside) return { digit: bucket, rank: left };
      left -= inside;
    }
  }
  for (let bucket = 0; bucket < NON_FINITE_BUCKET; bucket++) {
    const inside =
      (counts[bucket] as number) + (order === 'magnitude' ? (counts[bucket + NEGATIVE_BUCKETS] as number) : 0);
    if (left < inside) return { digit: bucket, rank: left };
    left -= inside;
  }
  throw new Error(`There is no number of rank ${rank}.`);
}

/** The digit that holds a rank, in tables that count together. */
function findDigit(
  tables: readonly (Float64Array | undefined)[],
  rank: number,
  descending: boolean,
): { digit: number; rank: number } {
  const length = tables[0]?.length ?? 0;
  let left = rank;
  for (let step = 0; step < length; step++) {
    const digit = descending ? length - 1 - step : step;
    const inside = tables.reduce((sum, table) => sum + (table?.[digit] ?? 0), 0);
    if (left < inside) return { digit, rank: left };
    left -= inside;
  }
  throw new Error('The numbers changed between two passes.');
}

/** The number whose leading and last bits are given; those between are zero. */
function numberOfPrefix(prefix: number, bits: number, tail: number): number {
  halves[0] = (BigInt(prefix) << BigInt(64 - bits)) | BigInt(tail);
  return number[0] as number;
}

const number = new Float64Array(1);
const halves = new BigUint64Array(number.buffer);
