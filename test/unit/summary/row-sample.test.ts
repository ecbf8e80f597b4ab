/** Rows of a layer's feature matrix that are spread over inputs and positions. */
import { describe, expect, it } from 'vitest';
import {
  addRows,
  createRowSample,
  gatherRows,
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

  it('are the same gathered in one piece of memory, merged, and both', () => {
    const parts = (): RowSample[] =>
      [
        [4, 5],
        [0, 1],
        [2, 3],
      ].map((indices) => sampleOf(inputs, indices, most));
    const [gathered, ...others] = parts() as [RowSample, RowSample, RowSample];
    others.forEach((other) => gatherRows(gathered, other));
    expect(sampledRows(gathered)).toEqual(whole);
    expect(others.map(({ rows }) => rows.size)).toEqual([0, 0]);
    const [merged, ...rest] = parts() as [RowSample, RowSample, RowSample];
    rest.forEach((other) => mergeRows(merged, other));
    expect(sampledRows(merged)).toEqual(whole);
    const [both, second, third] = parts() as [RowSample, RowSample, RowSample];
    gatherRows(both, second);
    mergeRows(both, third);
    expect(sampledRows(both)).toEqual(whole);
  });
});

it('gathering takes no more memory than inputs have positions, and none is lost of an input that has more', () => {
  const [most, inputs] = [1000, 10];
  const [gathered, ...others] = [[0], [1], [2]].map((indices) => sampleOf(inputs, indices, most)) as [
    RowSample,
    RowSample,
    RowSample,
  ];
  const longer = createRowSample(UNITS, inputs, most);
  const data = Float32Array.from({ length: UNITS * 5 }, (_, at) => at);
  addRows(longer, { data, examples: 1, columns: UNITS * 5, entries: 5 }, 0, 3);
  for (const other of [...others, longer]) gatherRows(gathered, other);
  expect(gathered.gathered?.data).toHaveLength(inputs * 2 * UNITS);
  const whole = sampledRows(sampleOf(inputs, [0, 1, 2], most));
  const all = sampledRows(gathered);
  expect(all.rows).toBe(whole.rows + 5);
  expect(all.data.subarray(0, whole.data.length)).toEqual(whole.data);
  expect(new Set(all.data.subarray(whole.data.length))).toEqual(new Set(data));
});
