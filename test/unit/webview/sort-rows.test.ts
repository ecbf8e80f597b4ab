import { describe, expect, it } from 'vitest';
import { sortRows } from '../../../webview/controls/sort-rows.js';

const order = (keys: readonly (number | string)[], descending: boolean): readonly (number | string)[] =>
  sortRows(keys, (key) => key, descending);

describe('rows of a table', () => {
  it('are sorted by numbers, those without one last either way', () => {
    expect(order([2, NaN, -1, Infinity, 0], false)).toEqual([-1, 0, 2, Infinity, NaN]);
    expect(order([2, NaN, -1, Infinity, 0], true)).toEqual([Infinity, 2, 0, -1, NaN]);
  });

  it('are sorted by texts as people read them', () => {
    expect(order(['b10', 'B2', 'a', 'b10', ''], false)).toEqual(['', 'a', 'B2', 'b10', 'b10']);
    expect(order(['b10', 'B2', 'a'], true)).toEqual(['b10', 'B2', 'a']);
  });

  it('that are equal keep their order, infinities among them', () => {
    const rows = [Infinity, 1, Infinity, 1].map((key, at) => ({ key, at }));
    expect(sortRows(rows, ({ key }) => key, true).map(({ at }) => at)).toEqual([0, 2, 1, 3]);
    expect(sortRows(rows, ({ key }) => key, false).map(({ at }) => at)).toEqual([1, 3, 0, 2]);
  });
});
