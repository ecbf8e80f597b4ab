/** Finds what comes several times in a row in a list: the blocks of a network, also where nobody named them. */

export interface RepeatItem {
  /** Equal for items that are the same thing. */
  readonly key: number;
  /** Nodes inside. */
  readonly size: number;
  /** Where in the list what the item reads is made, in the order of reading; −1 for outside of it. */
  readonly reads: readonly number[];
  /** A named module stands for itself; nodes make a block only together. */
  readonly isNamed: boolean;
}

export interface Repeat {
  readonly start: number;
  /** Items of one block. */
  readonly period: number;
  readonly count: number;
}

const FEWEST_BLOCKS = 3;
/** Shorter rows of bare nodes are read at a glance as they are. */
const FEWEST_NODES = 12;
/** Items of one block at most: with longer ones the search would take longer than the picture. */
const LONGEST_PERIOD = 512;
/** Wrong guesses that are looked into. */
const MAXIMUM_TRIES = 200;

/** The repeats of a list, which do not overlap, by their places. Time is linear in the list, times the longest period. */
export function findRepeats(items: readonly RepeatItem[]): readonly Repeat[] {
  const runs = longestRuns(items);
  const repeats: Repeat[] = [];
  const waiting: (readonly [from: number, to: number])[] = [[0, items.length]];
  let tries = MAXIMUM_TRIES;
  for (let range = waiting.pop(); range !== undefined; range = waiting.pop()) {
    const [from, to] = range;
    const refused = new Set<number>();
    for (; tries > 0; tries--) {
      const found = largest(runs, items, from, to, refused);
      if (found === undefined) break;
      const repeat = aligned(items, found, from, to);
      if (!isWiredAlike(items, repeat)) {
        refused.add(found.start);
        continue;
      }
      repeats.push(repeat);
      waiting.push([from, repeat.start], [repeat.start + repeat.period * repeat.count, to]);
      break;
    }
  }
  return repeats.sort((a, b) => a.start - b.start);
}

interface Runs {
  /** By place: the period that reaches farthest from there, and how many items it reaches. */
  readonly period: Int32Array;
  readonly length: Int32Array;
}

function longestRuns(items: readonly RepeatItem[]): Runs {
  const keys = Int32Array.from(items, ({ key }) => key);
  const period = new Int32Array(keys.length);
  const length = new Int32Array(keys.length);
  const longest = Math.min(LONGEST_PERIOD, Math.floor(keys.length / FEWEST_BLOCKS));
  for (let step = 1; step <= longest; step++) {
    let same = 0;
    for (let place = keys.length - step - 1; place >= 0; place--) {
      same = keys[place] === keys[place + step] ? same + 1 : 0;
      const reach = same + step;
      if (same < step * (FEWEST_BLOCKS - 1)) continue;
      // A shorter period that reaches as far was found first.
      if (reach - (reach % step) > (length[place] ?? 0)) {
        length[place] = reach - (reach % step);
        period[place] = step;
      }
    }
  }
  return { period, length };
}

/** The repeat that covers most of a range; undefined where nothing comes often enough. */
function largest(
  { period, length }: Runs,
  items: readonly RepeatItem[],
  from: number,
  to: number,
  refused: ReadonlySet<number>,
): Repeat | undefined {
  let best: Repeat | undefined;
  for (let start = from; start < to; start++) {
    const step = period[start] ?? 0;
    if (step === 0 || refused.has(start)) continue;
    const count = Math.floor(Math.min(length[start] ?? 0, to - start) / step);
    if (count < FEWEST_BLOCKS || count * step <= (best === undefined ? 0 : best.count * best.period)) continue;
    const block = items.slice(start, start + step);
    const nodes = block.reduce((sum, { size }) => sum + size, 0);
    const isWorth = block.some(({ isNamed }) => isNamed) ? nodes > 1 : step > 1 && nodes * count >= FEWEST_NODES;
    if (isWorth) best = { start, period: step, count };
  }
  return best;
}

/** A row of equal blocks can be cut anywhere: the best cut is the one that fewest values cross. */
function aligned(items: readonly RepeatItem[], { start, period, count }: Repeat, from: number, to: number): Repeat {
  let best = { start, period, count };
  let fewest = Infinity;
  for (let shift = 0; shift < period; shift++) {
    const moved = start + shift;
    const fits = moved + period * count <= to && sameKeys(items, moved, period, count);
    const crossing = fits || shift === 0 ? crossings(items, moved + period, moved) : Infinity;
    if (crossing < fewest) {
      fewest = crossing;
      best = { start: moved, period, count };
    }
    if (!fits) break;
  }
  return from <= best.start ? best : { start, period, count };
}

function sameKeys(items: readonly RepeatItem[], start: number, period: number, count: number): boolean {
  for (let place = start; place < start + period * (count - 1); place++) {
    if (items[place]?.key !== items[place + period]?.key) return false;
  }
  return true;
}

/** Values made from `from` on that are read from `cut` on, within one more block. */
function crossings(items: readonly RepeatItem[], cut: number, from: number): number {
  const crossing = new Set<number>();
  for (let place = cut; place < 2 * cut - from; place++) {
    for (const maker of items[place]?.reads ?? []) if (maker >= from && maker < cut) crossing.add(maker);
  }
  return crossing.size;
}

/** Whether each item reads what the same item of the block before reads: the same inside, and anything outside. */
function isWiredAlike(items: readonly RepeatItem[], { start, period, count }: Repeat): boolean {
  for (let place = start; place < start + period * (count - 1); place++) {
    const [one, other] = [items[place]?.reads ?? [], items[place + period]?.reads ?? []];
    const block = start + period * Math.floor((place - start) / period);
    const isInside = (maker: number, first: number): boolean => maker >= first && maker < first + period;
    const alike = one.every((maker, index) => {
      const next = other[index] ?? -1;
      const [inOne, inOther] = [isInside(maker, block), isInside(next, block + period)];
      return inOne === inOther && (!inOne || next - maker === period);
    });
    if (one.length !== other.length || !alike) return false;
  }
  return true;
}
