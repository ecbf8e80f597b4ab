/** Shaded cells run from 0 to the largest number of all shaded columns, and text stays plain. */
import { expect, it } from 'vitest';
import { colorAt, colormap, cssColor } from '../../../src/core/picture/colormap.js';
import type { ResultTable } from '../../../src/core/passes/result.js';
import { shadesOf } from '../../../src/core/passes/shades.js';

const table: ResultTable = {
  id: 'shades',
  title: 'Shades',
  definition: '',
  columns: [
    { id: 'name', label: 'Name', format: 'text' },
    { id: 'size', label: 'Size', format: 'number' },
    { id: 'one', label: 'One', format: 'share', shaded: true },
    { id: 'two', label: 'Two', format: 'share', shaded: true },
  ],
  rows: [{ cells: ['a', 900, 0.1, 0.4] }, { cells: ['b', 900, '–', 0.2] }],
};

it.each([true, false])('on dark: %s', (onDark) => {
  const of = shadesOf(table, onDark);
  const color = (place: number): string => cssColor(colorAt(colormap('sequential', onDark), place));
  expect(of(0.4)?.background).toBe(color(1));
  expect(of(0.2)?.background).toBe(color(0.5));
  expect(of(0)?.background).toBe(color(0));
  expect(of('–')).toBeUndefined();
  expect(of(NaN)).toBeUndefined();
  // Black or white, and never the same on both ends.
  expect(of(0)?.ink).not.toBe(of(0.4)?.ink);
});
