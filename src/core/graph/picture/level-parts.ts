/** Cuts a level where a single line is all that leads from the boxes above to those below. */
import type { Level, LevelEnd } from './level.js';

/** A piece of a line within a part. An end without a box lies on the part's own border. */
export interface PartLine {
  /** Place in the level's lines. */
  readonly line: number;
  readonly from: LevelEnd;
  readonly to: LevelEnd;
}

export interface Part {
  /** Places in the level's boxes. */
  readonly boxes: readonly number[];
  readonly lines: readonly PartLine[];
  /** Lines that enter at the top and leave at the bottom. */
  readonly entries: number;
  readonly exits: number;
}

/**
 * @param untangled places of the lines that count.
 * @returns at least one part; each box lies in one, in the level's order, and a line that is cut in several.
 */
export function partsOf({ boxes, lines, border }: Level, untangled: readonly number[]): readonly Part[] {
  const spans = untangled.map((line) => {
    const { from = {}, to = {} } = lines[line] ?? {};
    return { line, from, to, start: from.box ?? -1, end: to.box ?? boxes.length };
  });
  const cutBy = singleLines(boxes.length, spans);
  const firsts = [0, ...cutBy.keys()];
  const partOf = new Int32Array(boxes.length);
  const parts = firsts.map((first, at) => {
    const past = firsts[at + 1] ?? boxes.length;
    partOf.fill(at, first, past);
    const isFirst = at === 0;
    const isLast = at === firsts.length - 1;
    return {
      boxes: Array.from({ length: past - first }, (_, index) => first + index),
      lines: [] as PartLine[],
      entries: isFirst ? (border?.entries ?? 0) : 1,
      exits: isLast ? (border?.exits ?? 0) : 1,
    };
  });
  for (const { line, from, to } of spans) {
    const [start, end] = [
      from.box === undefined ? 0 : partOf[from.box],
      to.box === undefined ? parts.length - 1 : partOf[to.box],
    ];
    const [above, below] = [Math.min(start ?? 0, end ?? 0), Math.max(start ?? 0, end ?? 0)];
    for (let at = above; at <= below; at++) {
      const first = firsts[at] ?? 0;
      const within = (whole: LevelEnd, isHere: boolean): LevelEnd =>
        !isHere ? { port: 0 } : whole.box === undefined ? whole : { ...whole, box: whole.box - first };
      parts[at]?.lines.push({ line, from: within(from, at === start), to: within(to, at === end) });
    }
  }
  return parts;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Boxes before which exactly one line passes, downwards. */
function singleLines(boxes: number, spans: readonly Span[]): ReadonlySet<number> {
  const change = new Int32Array(boxes + 1);
  const add = (at: number, amount: number): void => {
    if (at >= 0 && at <= boxes) change[at] = (change[at] ?? 0) + amount;
  };
  for (const { start, end } of spans) {
    // A line that goes up is never cut: it counts twice.
    const weight = start < end ? 1 : 2;
    add(Math.min(start, end) + 1, weight);
    add(Math.max(start, end) + 1, -weight);
  }
  const cuts = new Set<number>();
  let passing = 0;
  for (let box = 0; box < boxes; box++) {
    passing += change[box] ?? 0;
    if (box > 0 && passing === 1) cuts.add(box);
  }
  return cuts;
}
