import type { Cell, MatrixSource } from './matrix.js';
import type { HeatmapView, Room } from './viewport.js';

/** Where a key moves the cell cursor; undefined when the key does not move it. */
export function moveCursor(
  event: KeyboardEvent,
  { row, column }: Cell,
  source: MatrixSource,
  view: HeatmapView,
  room: Room,
): Cell | undefined {
  const page = Math.max(1, Math.floor(room.height / view.cellHeight) - 1);
  const moved = ((): Cell | undefined => {
    switch (event.key) {
      case 'ArrowUp':
        return { row: row - 1, column };
      case 'ArrowDown':
        return { row: row + 1, column };
      case 'ArrowLeft':
        return { row, column: column - 1 };
      case 'ArrowRight':
        return { row, column: column + 1 };
      case 'PageUp':
        return { row: row - page, column };
      case 'PageDown':
        return { row: row + page, column };
      case 'Home':
        return event.ctrlKey ? { row: 0, column: 0 } : { row, column: 0 };
      case 'End':
        return event.ctrlKey
          ? { row: source.rows - 1, column: source.columns - 1 }
          : { row, column: source.columns - 1 };
      default:
        return undefined;
    }
  })();
  if (moved === undefined) return undefined;
  const toRow = Math.min(source.rows - 1, Math.max(0, moved.row));
  return { row: toRow, column: Math.min(source.rowLength(toRow) - 1, Math.max(0, moved.column)) };
}
