import { expect, it } from 'vitest';
import type { InputLine } from '../../../src/core/dataset/describe.js';
import { toldLines } from '../../../src/core/dataset/told-lines.js';

const line = (input: string, text: string, synthetic = false): InputLine => ({ input, text, synthetic });

it('a model’s only input needs no name', () => {
  expect(toldLines([line('x', '3 images')]).map(({ text }) => text)).toEqual(['3 images']);
});

it('several inputs are told by name; those that hold the same share a line', () => {
  const caches = ['past.0.key', 'past.0.value', 'past.1.key', 'past.1.value'].map((name) => line(name, 'always 0'));
  expect(toldLines([line('ids', 'text'), line('mask', 'always 1', true), ...caches])).toEqual([
    { text: '“ids”: text', synthetic: false },
    { text: '“mask”: always 1', synthetic: true },
    { text: '“past.0.key”, “past.0.value” and 2 more: always 0', synthetic: false },
  ]);
  expect(toldLines(caches.slice(0, 2)).map(({ text }) => text)).toEqual(['“past.0.key” and “past.0.value”: always 0']);
});
