/** Rows of the first inputs, for the heatmap of units × inputs. */
import { expect, it } from 'vitest';
import {
  addExampleRow,
  createExampleRows,
  exampleMatrix,
  keptIndices,
  mergeExampleRows,
} from '../../../src/core/summary/example-rows.js';

it('keeps copies of the rows of the first inputs, merged in any order, and NaN for those that were not seen', () => {
  const [later, first] = [createExampleRows(2, 12), createExampleRows(2, 12)];
  const batch = Float32Array.of(1, 2, 3, 4, 5, 6);
  [10, 11, 12].forEach((index, row) => addExampleRow(later, index, batch, row));
  batch.fill(0);
  addExampleRow(first, 2, Float32Array.of(-1, NaN), 0);
  mergeExampleRows(first, later);
  expect([...keptIndices(first)]).toEqual([2, 10, 11]);
  expect([...exampleMatrix(first, Int32Array.of(2, 3, 10, 11))]).toEqual([-1, NaN, NaN, NaN, 1, 2, 3, 4]);
});
