/**
 * Pairs of vectors that lie close together, or close to each other's opposite: all pairs are compared, each only as far
 * as it takes to see that it is not close. The squared distance over some of the coordinates never exceeds the whole.
 */
import { createPause, type Task } from '../stream.js';

export interface Vectors {
  readonly count: number;
  readonly length: number;
  /** One after the other. */
  readonly data: Float32Array;
}

export interface Pair {
  readonly first: number;
  readonly second: number;
}

export interface ClosePairs {
  readonly pairs: readonly Pair[];
  /** False where there are more than were asked for. */
  readonly complete: boolean;
}

/** Vectors whose beginnings stay in the processor's cache while all others pass. */
const BLOCK = 512;
/** Pairs that tell how far apart most are. */
const SAMPLE = 255;
/** Coordinates of the shortest beginning. */
const NARROW = 8;
/** Coordinates between two looks, after the beginning. */
const STEP = 32;

/**
 * Pairs (first < second) whose squared distance |a ∓ b|², rounding aside, is at most `limit`.
 * @param most pairs at most; the search ends when one more is found.
 * @throws CancelledError
 */
export async function closePairs(vectors: Vectors, limit: number, most: number, task: Task): Promise<ClosePairs> {
  const { count } = vectors;
  const pause = createPause(task.signal);
  const width = beginning(vectors, limit);
  const { starts, squares } = beginnings(vectors, width);
  const scan = width === NARROW ? scanNarrow : scanAny;
  const survivors = new Int32Array(BLOCK);
  const pairs: Pair[] = [];
  for (let from = 0; from < count; from += BLOCK) {
    const to = Math.min(from + BLOCK, count);
    for (let first = 0; first < to; first++) {
      const span = { starts, squares, width, first, from: Math.max(from, first + 1), to };
      const survived = scan(span, limit, survivors);
      for (let at = 0; at < survived; at++) {
        const second = survivors[at] as number;
        if (!isClose(vectors, first, second, limit)) continue;
        if (pairs.length === most) return { pairs, complete: false };
        pairs.push({ first, second });
      }
      if ((first & 63) === 63) await pause();
    }
    // Rows of the triangle of pairs: the share done grows with the square.
    task.onProgress?.((to / count) ** 2);
  }
  task.onProgress?.(1);
  return { pairs, complete: true };
}

interface Scan {
  readonly starts: Float64Array;
  /** Sums of squares of the beginnings. */
  readonly squares: Float64Array;
  readonly width: number;
  /** This one is compared with all of the others from `from` to `to`. */
  readonly first: number;
  readonly from: number;
  readonly to: number;
}

/** Which vectors are not far away by their beginnings alone, in either sign; how many there are. */
function scanAny({ starts, squares, width, first, from, to }: Scan, limit: number, survivors: Int32Array): number {
  let survived = 0;
  const most = (squares[first] as number) - limit;
  for (let second = from; second < to; second++) {
    let even = 0;
    let odd = 0;
    for (let a = first * width, b = second * width, end = a + width; a < end; a += 4, b += 4) {
      even += (starts[a] as number) * (starts[b] as number) + (starts[a + 1] as number) * (starts[b + 1] as number);
      odd +=
        (starts[a + 2] as number) * (starts[b + 2] as number) + (starts[a + 3] as number) * (starts[b + 3] as number);
    }
    if (2 * Math.abs(even + odd) >= most + (squares[second] as number)) survivors[survived++] = second;
  }
  return survived;
}

/** The same for beginnings of eight numbers, half of the work: those of the first vector stay in registers. */
function scanNarrow({ starts, squares, first, from, to }: Scan, limit: number, survivors: Int32Array): number {
  let survived = 0;
  const most = (squares[first] as number) - limit;
  const at = first * NARROW;
  const a = starts[at] as number;
  const b = starts[at + 1] as number;
  const c = starts[at + 2] as number;
  const d = starts[at + 3] as number;
  const e = starts[at + 4] as number;
  const f = starts[at + 5] as number;
  const g = starts[at + 6] as number;
  const h = starts[at + 7] as number;
  for (let second = from, k = from * NARROW; second < to; second++, k += NARROW) {
    const product =
      a * (starts[k] as number) +
      b * (starts[k + 1] as number) +
      (c * (starts[k + 2] as number) + d * (starts[k + 3] as number)) +
      (e * (starts[k + 4] as number) + f * (starts[k + 5] as number)) +
      (g * (starts[k + 6] as number) + h * (starts[k + 7] as number));
    if (2 * Math.abs(product) >= most + (squares[second] as number)) survivors[survived++] = second;
  }
  return survived;
}

/**
 * Coordinates in which vectors that are as far apart as most, lie four times the limit apart; a multiple of 4. Rows that
 * share a direction are closer than unrelated ones, and take more of them.
 */
function beginning(vectors: Vectors, limit: number): number {
  const { length } = vectors;
  const wanted = Math.round((4 * limit * length) / Math.max(usualDistance(vectors), limit) / 4) * 4;
  return Math.max(NARROW, Math.min(wanted, Math.ceil(length / 4) * 4));
}

/** The median squared distance, in the nearer sign, of some pairs from all over. */
function usualDistance({ count, length, data }: Vectors): number {
  const pairs = Math.min(SAMPLE, count);
  const distances = Float64Array.from({ length: pairs }, (_, index) => {
    const first = Math.floor((index * count) / pairs);
    const second = (first + 1 + Math.floor(count / 3)) % count;
    let [squares, product] = [0, 0];
    for (let at = 0; at < length; at++) {
      const a = data[first * length + at] as number;
      const b = data[second * length + at] as number;
      squares += a * a + b * b;
      product += a * b;
    }
    return squares - 2 * Math.abs(product);
  });
  return distances.sort()[pairs >> 1] ?? 0;
}

function beginnings(
  { count, length, data }: Vectors,
  width: number,
): { readonly starts: Float64Array; readonly squares: Float64Array } {
  const starts = new Float64Array(count * width);
  const squares = new Float64Array(count);
  for (let vector = 0; vector < count; vector++) {
    let sum = 0;
    for (let at = 0; at < Math.min(width, length); at++) {
      const value = data[vector * length + at] as number;
      starts[vector * width + at] = value;
      sum += value * value;
    }
    squares[vector] = sum;
  }
  return { starts, squares };
}

function isClose({ length, data }: Vectors, first: number, second: number, limit: number): boolean {
  const [one, other] = [first * length, second * length];
  let apart = 0;
  let together = 0;
  for (let at = 0; at < length;) {
    for (const end = Math.min(length, at + STEP); at < end; at++) {
      const a = data[one + at] as number;
      const b = data[other + at] as number;
      apart += (a - b) * (a - b);
      together += (a + b) * (a + b);
    }
    if (apart > limit && together > limit) return false;
  }
  return true;
}
