/** Rows of a layer's feature matrix that are spread over inputs and positions. */
import { describe, expect, it } from 'vitest';
import {
  addRows,
  createRowSample,
  letRowsGo,
  mergeRows,
  sampledRows,
  type RowSample,
} from '../../../src/core/summary/row-sample.js';

const UNITS = 3;

/** Inputs of two positions; the value tells input, unit and position. */
function sampleOf(inputs: number, indices: readonly number[], most: number): RowSample {
  const sample = createRowSample(UNITS, inputs, most);
  for (const index of indices) {
    const data = Float32Array.from({ length: UNITS * 2 }, (_, at) => index * 100 + at);
    addRows(sample, { data, examples: 1, columns: UNITS * 2, entries: 2 }, 0, index);
  }
  return sample;
}

describe.each([
  ['every position of every input', 6, 12],
  ['one position of every input', 6, 6],
  ['one position of every third input', 6, 2],
])('rows of %s', (_, inputs, most) => {
  const whole = sampledRows(sampleOf(inputs, [0, 1, 2, 3, 4, 5], most));

  it('are as many as asked for', () => {
    expect(whole.rows).toBe(most);
    expect(new Set(whole.data).size).toBe(most * UNITS);
  });

  it('are the same whether parts of the run fill one sample or are merged, in any order', () => {
    const parts = [
      [4, 5],
      [0, 1],
      [2, 3],
    ].map((indices) => sampleOf(inputs, indices, most)) as [RowSample, RowSample, RowSample];
    const [merged, ...others] = parts;
    others.forEach((other) => mergeRows(merged, other));
    expect(sampledRows(merged)).toEqual(whole);
    expect(sampledRows(sampleOf(inputs, [4, 5, 0, 1, 2, 3], most))).toEqual(whole);
  });
});

it('inputs may have more positions or fewer than those before', () => {
  const [most, inputs] = [1000, 10];
  const merged = sampleOf(inputs, [0, 1], most);
  const longer = createRowSample(UNITS, inputs, most);
  const data = Float32Array.from({ length: UNITS * 5 }, (_, at) => 1000 + at);
  addRows(longer, { data, examples: 1, columns: UNITS * 5, entries: 5 }, 0, 2);
  mergeRows(merged, longer);
  mergeRows(merged, sampleOf(inputs, [3], most));
  const whole = sampledRows(sampleOf(inputs, [0, 1, 3], most));
  const all = sampledRows(merged);
  expect(all.rows).toBe(whole.rows + 5);
  expect([...all.data].filter((value) => value < 1000)).toEqual([...whole.data]);
  expect(new Set([...all.data].filter((value) => value >= 1000))).toEqual(new Set(data));
  letRowsGo(merged);
  expect(sampledRows(merged)).toEqual({ rows: 0, data: new Float32Array() });
});
