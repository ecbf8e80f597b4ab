/** Colours of the shaded cells of a table: the same for page and report. */
import { colorAt, colormap, cssColor, fraction, textOn } from '../picture/colormap.js';
import type { ResultTable } from './result.js';

export interface Shade {
  readonly background: string;
  readonly ink: string;
}

/** The colour of a cell, from 0 to the largest number in any shaded column; undefined where it is none. */
export function shadesOf(
  { columns, rows }: ResultTable,
  onDark: boolean,
): (cell: string | number) => Shade | undefined {
  const map = colormap('sequential', onDark);
  const isNumber = (cell: string | number): cell is number => typeof cell === 'number' && Number.isFinite(cell);
  let largest = 0;
  for (const { cells } of rows) {
    cells.forEach((cell, at) => {
      if (columns[at]?.shaded === true && isNumber(cell) && cell > largest) largest = cell;
    });
  }
  return (cell) => {
    if (!isNumber(cell)) return undefined;
    const color = colorAt(map, fraction(cell, [0, largest]));
    return { background: cssColor(color), ink: textOn(color) };
  };
}
