/** Exact values of a tensor as text: a rectangle for a table, or all of them for a file. */
import { clipSpan, type Span } from '../tensor/span.js';
import { problem } from '../errors.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import { layoutOf, type MatrixView } from './matrix-view.js';
import { rowsOf } from './read-rectangle.js';
import { valuesOf } from './stream.js';
import { valueText } from './value-text.js';

/** Cells of one table page. */
const MOST_VALUE_TEXTS = 2 ** 14;

/**
 * Texts of the rectangle, row by row, clipped to what there is.
 * @throws ProblemError `not-applicable` when the view does not fit or the rectangle is too large, and as reading does.
 */
export async function valueTexts(
  tensor: WeightTensor,
  view: MatrixView,
  rows: Span,
  columns: Span,
  signal?: AbortSignal,
): Promise<string[][]> {
  const values = valuesOf(tensor);
  const layout = layoutOf(tensor.dims, view);
  const [top, bottom] = clipSpan(rows, layout.rows);
  const [left, right] = clipSpan(columns, layout.columns);
  if ((bottom - top) * (right - left) > MOST_VALUE_TEXTS) {
    throw problem('not-applicable', 'So many values do not fit into one message.');
  }
  const texts: string[][] = [];
  for await (const { data } of rowsOf(values, layout, [top, bottom], [left, right], signal)) {
    texts.push(Array.from({ length: data.length }, (_, index) => valueText(values.type, data, index)));
  }
  return texts;
}
