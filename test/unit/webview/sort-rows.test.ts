import { describe, expect, it } from 'vitest';
import { rankTexts, sortRows } from '../../../webview/controls/sort-rows.js';

const order = (keys: readonly (number | string)[], descending: boolean): readonly (number | string)[] | undefined =>
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
    expect(sortRows(rows, ({ key }) => key, true)?.map(({ at }) => at)).toEqual([0, 2, 1, 3]);
    expect(sortRows(rows, ({ key }) => key, false)?.map(({ at }) => at)).toEqual([1, 3, 0, 2]);
  });

  it('keep the order that a sort by comparing gives, for any numbers', () => {
    let seed = 5;
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 32;
    };
    const rows = Array.from({ length: 3000 }, (_, at) => ({
      at,
      key:
        random() < 0.1 ? NaN : random() < 0.3 ? Math.round(random() * 5) - 2 : (random() - 0.5) * 10 ** (9 * random()),
    }));
    for (const descending of [false, true]) {
      const numbered = rows.filter(({ key }) => !Number.isNaN(key));
      numbered.sort((a, b) => (descending ? b.key - a.key : a.key - b.key) || a.at - b.at);
      const want = [...numbered, ...rows.filter(({ key }) => Number.isNaN(key))];
      expect(sortRows(rows, ({ key }) => key, descending)).toEqual(want);
    }
  });

  it('with many different texts are sorted once their order is found out, and at once the other way round', async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => ({ text: `word ${(at * 7919) % 5000}` }));
    const sortBy = ({ text }: { readonly text: string }): string => text;
    expect(sortRows(rows, sortBy, false)).toBeUndefined();
    await rankTexts(rows, sortBy, new AbortController().signal);
    const want = Array.from({ length: 5000 }, (_, at) => `word ${at}`);
    expect(sortRows(rows, sortBy, false)?.map(sortBy)).toEqual(want);
    expect(sortRows(rows, sortBy, true)?.map(sortBy)).toEqual(want.reverse());
  });
});
