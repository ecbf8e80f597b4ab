/** What the linear interpreter's view works out by itself, without a browser. */
import { describe, expect, it } from 'vitest';
import type { SystemDescription, SystemLayout } from '../../../src/protocol/linear.js';
import { countShares } from '../../../webview/linear/bias-bins.js';
import { withStroke } from '../../../webview/linear/drawing.js';
import { searchOutputs } from '../../../webview/linear/element-search.js';
import { withBothTokens, withoutTokens } from '../../../webview/linear/end-tokens.js';
import { elementName, firstOutputs, outputName, reachOf, top } from '../../../webview/linear/ends.js';
import { formatTogether } from '../../../webview/linear/equation.js';
import { closeUpOf } from '../../../webview/linear/map/close-up.js';
import { pictureOf } from '../../../webview/linear/map/map-picture.js';
import { createNewest } from '../../../webview/linear/newest.js';

const description = (
  layout: SystemLayout,
  values: readonly number[],
  classes?: readonly string[],
): SystemDescription => {
  const end = { value: 'y', label: 'y', dims: [], layout, values: Float32Array.from(values) };
  return {
    from: end,
    to: end,
    notes: [],
    exactness: { residual: 0, tolerance: 1e-5, isExact: true },
    cut: [],
    inexact: [],
    layers: [],
    ...(classes === undefined ? {} : { classes }),
  };
};
const vector = (values: readonly number[], classes?: readonly string[]): SystemDescription =>
  description({ kind: 'vector', size: values.length }, values, classes);

describe('questions that follow the pointer', () => {
  /** Every question waits until the test answers it. */
  const asked = () => {
    const open: { readonly question: number; answer(text: string): void; fail(error: Error): void }[] = [];
    const answers: string[] = [];
    const errors: unknown[] = [];
    const newest = createNewest<number, string>(
      (question) => new Promise((answer, fail) => open.push({ question, answer, fail })),
      (question, answer) => answers.push(`${question}: ${answer}`),
      (error) => errors.push(error),
    );
    const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
    return { open, answers, errors, newest, settle };
  };

  it('are one at a time, and of those that wait only the newest is asked', async () => {
    const { open, answers, newest, settle } = asked();
    for (const question of [1, 2, 3, 4]) newest.want(question);
    expect(open.map(({ question }) => question)).toEqual([1]);
    open[0]?.answer('one');
    await settle();
    expect(open.map(({ question }) => question)).toEqual([1, 4]);
    open[1]?.answer('four');
    await settle();
    expect(answers).toEqual(['1: one', '4: four']);
    expect(open).toHaveLength(2);
  });

  it('go on after one that failed, and say so', async () => {
    const { open, answers, errors, newest, settle } = asked();
    newest.want(1);
    newest.want(2);
    open[0]?.fail(new Error('no'));
    await settle();
    open[1]?.answer('two');
    await settle();
    expect([errors.length, answers]).toEqual([1, ['2: two']]);
  });

  it('are no longer answered once they are closed', async () => {
    const { open, answers, errors, newest, settle } = asked();
    newest.want(1);
    newest.want(2);
    newest.close();
    open[0]?.answer('late');
    await settle();
    expect([open.length, answers, errors]).toEqual([1, [], []]);
  });
});

describe('outputs', () => {
  it('are found largest first, equal ones in their order, without a number last', () => {
    expect(top(Float32Array.of(1, 5, NaN, 5, -2), 0, 5, 3)).toEqual([1, 3, 0]);
    expect(top(Float32Array.of(NaN, -1), 0, 2, 2)).toEqual([1, 0]);
  });

  it('are the same as those of a full sort, for rising numbers too', () => {
    const rising = Float32Array.from({ length: 5000 }, (_, index) => index);
    expect(top(rising, 0, 5000, 3)).toEqual([4999, 4998, 4997]);
    const mixed = Float32Array.from({ length: 5000 }, (_, index) => (index * 7919) % 5000);
    const sorted = [...mixed.keys()].sort((a, b) => (mixed[b] ?? 0) - (mixed[a] ?? 0));
    expect(top(mixed, 0, 5000, 60)).toEqual(sorted.slice(0, 60));
  });

  it('of a sequence are at first those of its last position', () => {
    const sequence = description({ kind: 'sequence', positions: 2, width: 4 }, [9, 9, 9, 9, 1, 4, 2, 3]);
    expect(firstOutputs(sequence)).toEqual([5, 7, 6]);
    expect(outputName(sequence, 5)).toBe('output 1 at position 2');
  });

  it('of a text are told by its token; of two texts by both, of a mean over texts by the position', () => {
    const text = (...tokens: string[]) =>
      description({ kind: 'sequence', positions: 2, width: 4, tokens }, Array<number>(8).fill(0));
    const [first, second] = [text('A', 'cat'), text('A', 'dog')];
    expect(outputName(first, 5)).toBe('output 1 at “cat” (token 2)');
    expect(elementName(first.to.layout, 6)).toBe('“cat” (token 2), feature 2');
    expect(outputName(withBothTokens(first, second), 5)).toBe('output 1 at “cat”/“dog” (token 2)');
    expect(outputName(withBothTokens(first, second), 1)).toBe('output 1 at “A” (token 1)');
    expect(outputName(withoutTokens(first), 5)).toBe('output 1 at position 2');
  });

  it('have the names of classes, or of their places', () => {
    expect(outputName(vector([1, 2], ['cat', 'dog']), 1)).toBe('dog');
    expect(outputName(vector([1, 2]), 1)).toBe('output 1');
    const image = description({ kind: 'image', channels: 2, height: 2, width: 3 }, Array<number>(12).fill(0));
    expect(outputName(image, 10)).toBe('channel 1, pixel in row 1, column 1');
  });

  it('are searched for by name and by number, the exact number first', () => {
    const many = vector(Array.from({ length: 30 }, (_, index) => index));
    const found = searchOutputs(many, '2').choices.map(({ value }) => value);
    expect(found[0]).toBe('2');
    expect(found.slice(1)).toEqual(['29', '28', '27', '26', '25', '24', '23', '22', '21', '20', '12']);
    expect(searchOutputs(many, '', [29]).choices[0]).toMatchObject({ value: '28', label: 'output 28' });
    expect(searchOutputs(vector([1, 2], ['Cat', 'Dog']), 'ca').choices).toEqual([
      { value: '0', label: 'Cat', detail: '1' },
    ]);
  });
});

describe('numbers of an equation', () => {
  it.each([
    [
      [7.31, -2.04, 5.27],
      ['7.31', '−2.04', '5.27'],
    ],
    [
      [12.3456, 0.12345, 12.46905],
      ['12.35', '0.12', '12.47'],
    ],
    [
      [0, 2, 2],
      ['0', '2', '2'],
    ],
    [
      [-0.00001, 5, 5],
      ['0', '5', '5'],
    ],
    [
      [1e8, -1e8, 0],
      ['1e8', '−1e8', '0'],
    ],
  ])('%j are shown with as many decimals each', (numbers, texts) => {
    expect(formatTogether(numbers)).toEqual(texts);
  });
});

describe('a brush', () => {
  const layout = { channels: 2, height: 5, width: 5 };
  const drawn = (size: number, channel?: number): readonly number[] => {
    const values = withStroke(new Float32Array(50), layout, 12, { value: -1, size }, channel);
    return [...values.keys()].filter((index) => values[index] === -1);
  };

  it('of size 1 is one cell on every channel, or on one', () => {
    expect(drawn(1)).toEqual([12, 37]);
    expect(drawn(1, 1)).toEqual([37]);
  });

  it('of size 3 is a disc, and stops at the edges', () => {
    expect(drawn(3, 0)).toEqual([7, 11, 12, 13, 17]);
    const corner = withStroke(new Float32Array(50), layout, 0, { value: 1, size: 3 }, 0);
    expect([...corner.keys()].filter((index) => corner[index] === 1)).toEqual([0, 1, 5]);
  });

  it('of size 2 is four cells', () => {
    expect(drawn(2, 0)).toEqual([12, 13, 17, 18]);
  });

  it('leaves what was drawn before as it was', () => {
    const before = new Float32Array(50);
    withStroke(before, layout, 12, { value: 1, size: 3 }, undefined);
    expect(before.every((value) => value === 0)).toBe(true);
  });
});

describe('pictures of patterns', () => {
  const layout = { kind: 'image', channels: 3, height: 1, width: 2 } as const;
  const values = Float32Array.of(1, 2, 10, 20, 100, 200);
  const planes = (channel: string): readonly (readonly number[])[] =>
    pictureOf(layout, values, channel, 'signed').planes.map((plane) => [...plane]);

  it('show three channels in colour, their sum, or one of them', () => {
    expect(planes('together')).toEqual([
      [1, 2],
      [10, 20],
      [100, 200],
    ]);
    expect(planes('sum')).toEqual([[111, 222]]);
    expect(planes('1')).toEqual([[10, 20]]);
  });

  it('show the sum where channels are no colours, also for a channel that is not there', () => {
    const two = { ...layout, channels: 2 };
    const sum = (channel: string) => [...(pictureOf(two, values.subarray(0, 4), channel, 'signed').planes[0] ?? [])];
    expect(sum('together')).toEqual([11, 22]);
    expect(sum('7')).toEqual([11, 22]);
  });

  it('reach as far as the largest finite number, and never nowhere', () => {
    expect(reachOf([Float32Array.of(-3, 2, Infinity, NaN)])).toBe(3);
    expect(reachOf([Float32Array.of(0, 0)])).toBe(1);
  });
});

describe('a close-up', () => {
  const picture = (
    set: readonly (readonly [row: number, column: number, value: number])[],
    [height, width] = [100, 80],
  ) => {
    const plane = new Float32Array(height * width);
    for (const [row, column, value] of set) plane[row * width + column] = value;
    return { width, height, planes: [plane], colors: 'signed' } as const;
  };

  it('shows a small pattern in the middle of a window of few sizes', () => {
    expect(closeUpOf(picture([[50, 40, -1]]))).toEqual({ row: 46, column: 36, height: 9, width: 9 });
    // Eight across with the margin at both sides are more than 9.
    const wide = picture([
      [50, 30, 1],
      [50, 37, 0.5],
    ]);
    expect(closeUpOf(wide)).toEqual({ row: 42, column: 26, height: 17, width: 17 });
  });

  it('leaves out what is below a hundredth of the largest, and stays within the picture', () => {
    const corner = picture([
      [0, 79, 100],
      [90, 5, 0.99],
    ]);
    expect(closeUpOf(corner)).toEqual({ row: 0, column: 71, height: 9, width: 9 });
    const far = picture([
      [0, 79, 100],
      [90, 5, 1],
    ]);
    expect(closeUpOf(far)).toBeUndefined();
  });

  it('is none of a picture that it would not be much smaller than, nor of nothing', () => {
    expect(closeUpOf(picture([[3, 3, 1]], [8, 8]))).toBeUndefined();
    expect(closeUpOf(picture([]))).toBeUndefined();
    expect(closeUpOf(picture([[3, 3, NaN]]))).toBeUndefined();
    // One row of a long picture: no taller than it is.
    expect(closeUpOf(picture([[0, 50, 1]], [1, 100]))).toEqual({ row: 0, column: 46, height: 1, width: 9 });
  });
});

describe('bias shares', () => {
  it('are counted in bins of a twentieth, 1 in the last; what is no share in none', () => {
    const counts = countShares([0, 0.049, 0.05, 0.999, 1, NaN, 1.2]);
    expect([counts[0], counts[1], counts[19]]).toEqual([2, 1, 2]);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(5);
  });
});
