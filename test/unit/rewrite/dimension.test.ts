import { describe, expect, test } from 'vitest';
import {
  dimensionText,
  evaluateDimension,
  parseDimension,
  type Dimension,
} from '../../../src/core/rewrite/shapes/dimension.js';
import { attempts } from '../../../src/core/rewrite/shapes/experiments.js';
import { fitDimension, type Experiment } from '../../../src/core/rewrite/shapes/fit-dimension.js';
import { mapExperiment } from '../../../src/core/rewrite/shapes/fit-shape.js';

const plain: Dimension = { coefficient: 1, factors: [], terms: [], constant: 0, divisor: 1 };
const x = ['x', 1] as const;

describe('a dimension', () => {
  test.each<[string, Partial<Dimension>]>([
    ['12', { constant: 12 }],
    ['x', { terms: [x] }],
    ['2 × x', { terms: [['x', 2]] }],
    ['x + y', { terms: [x, ['y', 1]] }],
    ['x − 1', { terms: [x], constant: -1 }],
    ['−x + 8', { terms: [['x', -1]], constant: 8 }],
    ['batch × heads', { factors: ['batch', 'heads'], constant: 1 }],
    ['4 × batch', { coefficient: 4, factors: ['batch'], constant: 1 }],
    ['batch × (x + 1)', { factors: ['batch'], terms: [x], constant: 1 }],
    ['⌊x / 2⌋', { terms: [x], divisor: 2 }],
    ['⌈x / 2⌉', { terms: [x], constant: 1, divisor: 2 }],
    ['⌊(x − 64) / 128⌋', { terms: [x], constant: -64, divisor: 128 }],
    ['3 × ⌊x / 2⌋', { coefficient: 3, terms: [x], divisor: 2 }],
  ])('reads “%s”', (text, parts) => {
    expect(dimensionText({ ...plain, ...parts })).toBe(text);
  });

  test('has a size where all names have one and the result is a size', () => {
    const half: Dimension = { ...plain, factors: ['batch'], terms: [x], constant: 1, divisor: 2 };
    expect(evaluateDimension(half, new Map(Object.entries({ batch: 3, x: 7 })))).toBe(3 * 4);
    expect(evaluateDimension(half, new Map([['x', 7]]))).toBeUndefined();
    expect(evaluateDimension({ ...plain, terms: [x], constant: -9 }, new Map([['x', 7]]))).toBeUndefined();
    const huge = new Map([['x', 2 ** 40]]);
    expect(evaluateDimension({ ...plain, factors: ['x'], terms: [x] }, huge)).toBeUndefined();
  });

  test('is read from what exporters write; anything else is a name as it stands', () => {
    const sizes = new Map(Object.entries({ past_sequence_length: 5, s0: 3, 'a-b': 4, 'floor(s0/2)': 9 }));
    expect(evaluateDimension(parseDimension('past_sequence_length + 1'), sizes)).toBe(6);
    expect(evaluateDimension(parseDimension('2*s0'), sizes)).toBe(6);
    expect(evaluateDimension(parseDimension('2*s0 - 1'), sizes)).toBe(5);
    expect(evaluateDimension(parseDimension('floor(s0/2)'), sizes)).toBe(9);
    expect(parseDimension('batch')).toEqual({ ...plain, terms: [['batch', 1]] });
    expect(parseDimension('+'.repeat(100_000)).terms).toHaveLength(1);
  });
});

/** Sizes that a graph would show under the first attempt's choices. */
function fitted(names: readonly string[], size: (sizes: Record<string, number>) => number): string | undefined {
  const [attempt] = attempts(names);
  const sizes = attempt?.sizes as Experiment<ReadonlyMap<string, number>>;
  const values = mapExperiment(sizes, (choice) => size(Object.fromEntries(choice)));
  const found = fitDimension(names, sizes, values);
  return found && dimensionText(found);
}

describe('the expression of observed sizes', () => {
  test.each<[string, readonly string[], (sizes: Record<string, number>) => number]>([
    ['s', ['b', 's'], ({ s = 0 }) => s],
    ['2 × s', ['b', 's'], ({ s = 0 }) => 2 * s],
    ['s + 1', ['b', 's'], ({ s = 0 }) => s + 1],
    ['b × s', ['b', 's'], ({ b = 0, s = 0 }) => b * s],
    ['8 × b', ['b', 's'], ({ b = 0 }) => b * 8],
    ['b + s', ['b', 's'], ({ b = 0, s = 0 }) => b + s],
    ['s × s', ['b', 's'], ({ s = 0 }) => s * s],
    ['⌈s / 2⌉', ['b', 's'], ({ s = 0 }) => Math.ceil(s / 2)],
    ['⌊s / 2⌋', ['b', 's'], ({ s = 0 }) => Math.floor(s / 2)],
    ['b × ⌈s / 2⌉', ['b', 's'], ({ b = 0, s = 0 }) => b * Math.ceil(s / 2)],
    ['2 × ⌈s / 2⌉', ['s'], ({ s = 0 }) => 2 * Math.ceil(s / 2)],
  ])('%s', (text, names, size) => {
    expect(fitted(names, size)).toBe(text);
  });

  test.each<[string, (sizes: Record<string, number>) => number]>([
    ['the smaller of two sizes', ({ b = 0, s = 0 }) => Math.min(b, s)],
    ['a root', ({ s = 0 }) => Math.floor(Math.sqrt(s))],
    ['a size that is cut off', ({ s = 0 }) => Math.min(s, 12_288)],
    ['a remainder', ({ s = 0 }) => s % 7],
    // Offsets from −23 to 63 give the same sizes here: which it is would be a guess.
    ['a stride that the choices do not pin down', ({ s = 0 }) => Math.floor((s - 23) / 160)],
  ])('none for %s', (_, size) => {
    expect(fitted(['b', 's'], size)).toBeUndefined();
  });
});
