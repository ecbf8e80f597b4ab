/**
 * Lays out one level of the picture: boxes of known size, lines between them, and ports on the border around. Where a
 * single line is all that leads on, the level is cut; its parts are laid out each by itself and put below each other. So
 * a long chain costs little, and a box that changes its size lays out anew only its own part.
 */
import { partsOf, type Part } from './level-parts.js';
import { layoutPart, type PartLayout } from './part-layout.js';

export interface LevelBox {
  readonly width: number;
  readonly height: number;
  /** Of an open module: where lines enter at its top and leave at its bottom, from its left side. */
  readonly entries?: readonly number[];
  readonly exits?: readonly number[];
}

/** A box with one of its ports, or where no box is named a port of the border. */
export interface LevelEnd {
  readonly box?: number;
  readonly port?: number;
}

export interface LevelBorder {
  readonly entries: number;
  readonly exits: number;
  /** Left of the border's upper side that its label takes: lines enter to the right of it. */
  readonly labelWidth: number;
}

export interface Level {
  readonly boxes: readonly LevelBox[];
  readonly lines: readonly { readonly from: LevelEnd; readonly to: LevelEnd }[];
  /** Of the inside of a module; undefined for the top of the picture, which has no border. */
  readonly border?: LevelBorder;
}

export interface LevelLayout {
  readonly width: number;
  readonly height: number;
  /** Left and top of each box. */
  readonly corners: readonly (readonly [x: number, y: number])[];
  /** x0, y0, x1, y1 … of each line. */
  readonly lines: readonly (readonly number[])[];
  /** Where lines cross the border's top and bottom, from its left. */
  readonly entries: readonly number[];
  readonly exits: readonly number[];
}

/** Room for an open module's own label. */
const HEADER_HEIGHT = 30;
const SMALLEST_HEIGHT = 68;
const MARGIN = 14;
/** Room above the first line of a module, below its label. */
const HEADER_MARGIN = 10;
/** Around the top of the picture. */
const EDGE = 12;
/** Half of what lies between two layers, on each side of a cut. */
const JOINT = 16;

/** Between lines that are led past the label. */
const ENTRY_GAP = 8;

/**
 * Lines that are untangled, in all and for each box: with more, the layout would take longer than anybody waits, and
 * untangle nothing. A block of a dense network has three lines a box.
 */
const MAXIMUM_LINES = 300;
const LINES_PER_BOX = 3;
const MANY_LINES = 60;
/** Around boxes, for lines that are led past everything. */
const LANE_GAP = 10;

/** The layout of a level. Nothing can interrupt it; levels are small. */
export async function layoutLevel(level: Level): Promise<LevelLayout> {
  const untangled = untangledLines(level);
  const parts = partsOf(level, untangled);
  const layouts: PartLayout[] = [];
  for (const [at, { boxes, lines, entries, exits }] of parts.entries()) {
    const [above, below] = [at === 0 ? topRoom(level) : JOINT, at === parts.length - 1 ? bottomRoom(level) : JOINT];
    layouts.push(
      await layoutPart({
        boxes: boxes.map((box) => level.boxes[box] ?? { width: 0, height: 0 }),
        lines: lines.map(({ from, to }) => ({ from, to })),
        entries,
        exits,
        above,
        below,
        side: level.border === undefined ? EDGE : MARGIN,
      }),
    );
  }
  const layout = stacked(level, parts, layouts);
  return besideLabel(level, untangled.length < level.lines.length ? withOtherLines(level, layout) : layout);
}

function topRoom({ border }: Level): number {
  return border === undefined ? EDGE : HEADER_HEIGHT + HEADER_MARGIN;
}

function bottomRoom({ border }: Level): number {
  return border === undefined ? EDGE : MARGIN;
}

/** Parts below each other, the line from one to the next straight where the widest part leaves room for it. */
function stacked(level: Level, parts: readonly Part[], layouts: readonly PartLayout[]): LevelLayout {
  const width = layouts.reduce((most, part) => Math.max(most, part.width), 2 * (level.border?.labelWidth ?? 0));
  const corners: [number, number][] = level.boxes.map(() => [0, 0]);
  const lines: number[][] = level.lines.map(() => []);
  let top = 0;
  let leaving: number | undefined;
  let entries: readonly number[] = [];
  let exits: readonly number[] = [];
  for (const [at, part] of parts.entries()) {
    const layout = layouts[at];
    if (layout === undefined) continue;
    const room = width - layout.width;
    const straight = leaving === undefined ? room / 2 : leaving - (layout.entries[0] ?? 0);
    const left = Math.min(room, Math.max(0, straight));
    part.boxes.forEach((box, place) => {
      const [x, y] = layout.corners[place] ?? [0, 0];
      corners[box] = [left + x, top + y];
    });
    part.lines.forEach(({ line }, place) => {
      const points = (layout.lines[place] ?? []).map((each, index) => each + (index % 2 === 0 ? left : top));
      lines[line] = joined(lines[line] ?? [], points);
    });
    if (at === 0) entries = layout.entries.map((x) => left + x);
    exits = layout.exits.map((x) => left + x);
    leaving = exits[0];
    top += layout.height;
  }
  const height = level.border === undefined ? top : Math.max(top, SMALLEST_HEIGHT);
  const lowered = lines.map((points) => (points.at(-1) === top ? [...points.slice(0, -1), height] : points));
  return { width, height, corners, lines: level.border === undefined ? lines : lowered, entries, exits };
}

/** A line that was cut goes across where its parts meet. */
function joined(before: readonly number[], after: readonly number[]): number[] {
  return before.length > 0 && before.at(-2) === after[0]
    ? [...before.slice(0, -2), ...after.slice(2)]
    : [...before, ...after];
}

/**
 * The lines that the layout is made for, by their indices: where there are very many, those that lead from a box to the
 * next one, along which a level is cut, and of the others those that lead down to near boxes.
 */
function untangledLines({ boxes, lines }: Level): readonly number[] {
  const all = lines.map((_, index) => index);
  const most = Math.min(MAXIMUM_LINES, Math.max(MANY_LINES, LINES_PER_BOX * boxes.length));
  if (lines.length <= most) return all;
  const spans = lines.map(({ from, to }) =>
    // The border's ports are given places only by their lines.
    from.box === undefined || to.box === undefined ? 0 : to.box - from.box,
  );
  const span = (index: number): number => spans[index] ?? 0;
  const down = all.filter((index) => span(index) >= 0).sort((a, b) => span(a) - span(b) || a - b);
  const free = down.findLastIndex((index) => span(index) <= 1) + 1;
  return down.slice(0, Math.max(most, free));
}

/** The lines that were left out are led past all boxes, on the right. */
function withOtherLines(level: Level, layout: LevelLayout): LevelLayout {
  const lane = layout.width;
  const at = ({ box, port = 0 }: LevelEnd, side: 'entries' | 'exits'): readonly [number, number] => {
    if (box === undefined) {
      return side === 'exits' ? [layout.entries[port] ?? 0, 0] : [layout.exits[port] ?? 0, layout.height];
    }
    const [x, y] = layout.corners[box] ?? [0, 0];
    const { width, height, [side]: ports } = level.boxes[box] ?? { width: 0, height: 0 };
    return [x + (ports?.[port] ?? width / 2), side === 'exits' ? y + height : y];
  };
  const lines = layout.lines.map((points, index) => {
    const line = level.lines[index];
    if (points.length > 0 || line === undefined) return points;
    const [x, y] = at(line.from, 'exits');
    const [toX, toY] = at(line.to, 'entries');
    return [x, y, x, y + LANE_GAP, lane, y + LANE_GAP, lane, toY - LANE_GAP, toX, toY - LANE_GAP, toX, toY];
  });
  return { ...layout, lines, width: layout.width + LANE_GAP };
}

/** Lines that would run through the border's label enter to the right of it, and turn back below it. */
function besideLabel({ border, lines }: Level, layout: LevelLayout): LevelLayout {
  if (border === undefined || layout.entries.every((x) => x >= border.labelWidth)) return layout;
  const entries = [...layout.entries];
  const turns = new Map<number, number>();
  const fromLeft = entries.map((_, port) => port).sort((a, b) => (entries[a] ?? 0) - (entries[b] ?? 0));
  let free = border.labelWidth;
  for (const port of fromLeft) {
    const x = layout.entries[port] ?? 0;
    if (x >= free) break;
    entries[port] = Math.min(free, layout.width - MARGIN);
    free += ENTRY_GAP;
    turns.set(port, 0);
  }
  // Further to the left turns earlier: so they do not cross.
  fromLeft
    .filter((port) => turns.has(port))
    .forEach((port, place) =>
      turns.set(port, HEADER_HEIGHT - 2 + (HEADER_MARGIN * (place + 0.5)) / Math.max(1, turns.size)),
    );
  return {
    ...layout,
    entries,
    lines: layout.lines.map((points, index) => {
      const { box, port = 0 } = lines[index]?.from ?? {};
      const y = box === undefined ? turns.get(port) : undefined;
      if (y === undefined) return points;
      const [x = 0] = points;
      const entry = entries[port] ?? x;
      return [entry, 0, entry, y, x, y, ...points.slice(2)];
    }),
  };
}
