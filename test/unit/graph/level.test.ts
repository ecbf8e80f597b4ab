import { describe, expect, it } from 'vitest';
import { partsOf } from '../../../src/core/graph/picture/level-parts.js';
import { layoutLevel, type Level } from '../../../src/core/graph/picture/level.js';

const BOX = { width: 100, height: 28 };

function level(boxes: number, lines: readonly (readonly [number, number])[]): Level {
  return {
    boxes: Array.from({ length: boxes }, () => BOX),
    lines: lines.map(([from, to]) => ({ from: { box: from }, to: { box: to } })),
  };
}

function boxesOfParts(of: Level): readonly (readonly number[])[] {
  return partsOf(
    of,
    of.lines.map((_, line) => line),
  ).map(({ boxes }) => boxes);
}

describe('a level is cut', () => {
  it('between the boxes of a chain, and not beside a line that passes', () => {
    const chain = [0, 1, 2, 3].map((from) => [from, from + 1] as const);
    expect(boxesOfParts(level(5, chain))).toEqual([[0], [1], [2], [3], [4]]);
    expect(boxesOfParts(level(5, [...chain, [1, 3]]))).toEqual([[0], [1, 2, 3], [4]]);
  });

  it('not where a line goes up, nor where nothing leads on', () => {
    expect(boxesOfParts(level(2, [[1, 0]]))).toEqual([[0, 1]]);
    expect(boxesOfParts(level(3, [[0, 1]]))).toEqual([[0], [1, 2]]);
  });

  it('with the ports of its border at its first and last part', () => {
    const parts = partsOf(
      {
        ...level(2, []),
        border: { entries: 1, exits: 1, labelWidth: 40 },
        lines: [
          { from: { port: 0 }, to: { box: 0 } },
          { from: { box: 0 }, to: { box: 1 } },
          { from: { box: 1 }, to: { port: 0 } },
        ],
      },
      [0, 1, 2],
    );
    expect(parts.map(({ boxes, entries, exits }) => [boxes, entries, exits])).toEqual([
      [[0], 1, 1],
      [[1], 1, 1],
    ]);
    // The line between them has a piece in each.
    expect(parts.map(({ lines }) => lines.map(({ line }) => line))).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });
});

describe('the parts of a level', () => {
  it('lie below each other, with lines from box to box in steps along one axis', async () => {
    // Two boxes side by side between single ones: the lines go across where the parts meet.
    const of: Level = {
      boxes: [BOX, { width: 300, height: 28 }, BOX, BOX, BOX],
      lines: (
        [
          [0, 1],
          [0, 2],
          [1, 3],
          [2, 3],
          [3, 4],
        ] as const
      ).map(([from, to]) => ({
        from: { box: from },
        to: { box: to },
      })),
    };
    const { corners, lines, width, height } = await layoutLevel(of);
    for (const [at, { from, to }] of of.lines.entries()) {
      const points = lines[at] ?? [];
      const [x = 0, y = 0] = points;
      const [endX = 0, endY = 0] = points.slice(-2);
      for (const [box, px] of [
        [from.box ?? 0, x],
        [to.box ?? 0, endX],
      ] as const) {
        const [left = 0] = corners[box] ?? [];
        expect(px).toBeGreaterThanOrEqual(left);
        expect(px).toBeLessThanOrEqual(left + (of.boxes[box]?.width ?? 0));
      }
      expect(y).toBeCloseTo((corners[from.box ?? 0]?.[1] ?? 0) + 28);
      expect(endY).toBeCloseTo(corners[to.box ?? 0]?.[1] ?? 0);
      for (let point = 2; point + 1 < points.length; point += 2) {
        const moved = [0, 1].filter(
          (axis) => Math.abs((points[point + axis] ?? 0) - (points[point + axis - 2] ?? 0)) > 1e-6,
        );
        expect(moved.length).toBeLessThanOrEqual(1);
      }
    }
    expect(corners.every(([x, y]) => x >= 0 && y >= 0 && x + 100 <= width && y + 28 <= height)).toBe(true);
  });

  it('keep their places to each other when a box of another part grows', async () => {
    const chain = level(6, [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ]);
    const before = await layoutLevel(chain);
    const after = await layoutLevel({
      ...chain,
      boxes: chain.boxes.map((box, at) => (at === 1 ? { ...box, height: 128 } : box)),
    });
    expect(after.corners.map(([, y]) => y)).toEqual(before.corners.map(([, y], at) => (at > 1 ? y + 100 : y)));
    expect(after.corners.map(([x]) => x)).toEqual(before.corners.map(([x]) => x));
  });
});
