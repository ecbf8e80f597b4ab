import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { robustDomain } from '../../../webview/heatmap/matrix.js';
import { cellAt, fitView, pan, revealCell, visibleTiles, zoomAt } from '../../../webview/heatmap/viewport.js';
import { unitOrder } from '../../../webview/views/unit-order.js';

const number = { id: 'n', label: 'n', definition: 'n', format: 'number', scale: 'sequential' } as const;
const room = { width: 1000, height: 600 };

describe('the view of a heatmap', () => {
  it('shows all of a small matrix at once', () => {
    const view = fitView({ rows: 20, columns: 128 }, room);
    expect(20 * view.cellHeight).toBeLessThanOrEqual(room.height);
    expect(128 * view.cellWidth).toBeLessThanOrEqual(room.width);
  });

  it('keeps the cell under the pointer when zooming in', () => {
    const extent = { rows: 2000, columns: 10_000 };
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        fc.integer({ min: 0, max: 599 }),
        fc.double({ min: 1, max: 8, noNaN: true }),
        (x, y, factor) => {
          const view = fitView(extent, room);
          const zoomed = zoomAt(view, factor, x, y, extent, room);
          const at = (candidate: typeof view): number[] => [
            candidate.column + x / candidate.cellWidth,
            candidate.row + y / candidate.cellHeight,
          ];
          const [before, after] = [at(view), at(zoomed)];
          expect(after[0]).toBeCloseTo(before[0] as number, 6);
          expect(after[1]).toBeCloseTo(before[1] as number, 6);
        },
      ),
    );
  });

  it('never leaves the matrix, and never needs more tiles than are kept', () => {
    const extent = { rows: 2000, columns: 10_000 };
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.double({ min: -1e4, max: 1e4, noNaN: true }),
            fc.double({ min: -1e4, max: 1e4, noNaN: true }),
            fc.double({ min: 0.2, max: 5, noNaN: true }),
          ),
          { maxLength: 12 },
        ),
        (moves) => {
          let view = fitView(extent, room);
          for (const [dx, dy, factor] of moves)
            view = zoomAt(pan(view, dx, dy, extent, room), factor, 500, 300, extent, room);
          expect(view.row).toBeGreaterThanOrEqual(0);
          expect(view.column).toBeGreaterThanOrEqual(0);
          expect(view.row).toBeLessThanOrEqual(extent.rows);
          expect(visibleTiles(view, extent, room).length).toBeLessThanOrEqual(200);
        },
      ),
    );
  });

  it('brings a cell into sight that was asked for', () => {
    const extent = { rows: 2000, columns: 10_000 };
    const zoomed = zoomAt(fitView(extent, room), 50, 0, 0, extent, room);
    const view = revealCell(zoomed, { row: 1500, column: 9000 }, extent, room);
    const [x, y] = [(9000.5 - view.column) * view.cellWidth, (1500.5 - view.row) * view.cellHeight];
    expect(cellAt(view, x, y, extent)).toEqual({ row: 1500, column: 9000 });
    expect(x).toBeLessThan(room.width);
    expect(y).toBeLessThan(room.height);
  });
});

describe('the colours of a heatmap', () => {
  it('cover all values when none is far out', () => {
    expect(robustDomain(Float32Array.of(0, 1, 2, 4), number)).toEqual({ domain: [0, 4], clipped: false });
  });

  it('leave out a single far value and say so', () => {
    const values = new Float32Array(2000).map((_, index) => (index % 100) / 100);
    values[7] = 1e6;
    const { domain, clipped } = robustDomain(values, number);
    expect(domain[1]).toBeLessThan(2);
    expect(clipped).toBe(true);
  });

  it('are as long on both sides of zero for signed values, and ignore NaN', () => {
    const { domain } = robustDomain(Float32Array.of(-1, NaN, 3), { ...number, scale: 'diverging' });
    expect(domain).toEqual([-3, 3]);
  });
});

describe('units by value', () => {
  it('come largest first, ties by index, those without a value last', () => {
    expect([...unitOrder(Float32Array.of(1, NaN, 3, 3, 0), 5, 'value')]).toEqual([2, 3, 0, 4, 1]);
    expect([...unitOrder(Float32Array.of(1, 2), 2, 'index')]).toEqual([0, 1]);
  });
});
