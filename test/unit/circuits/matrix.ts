import { createEdgeBuilder, type EdgeMatrix } from '../../../src/core/circuits/edge-matrix.js';

/** @param rows by target: the weight from each source, from the first on. */
export function matrix(rows: readonly (readonly number[])[]): EdgeMatrix {
  const builder = createEdgeBuilder(rows.length);
  rows.forEach((row) =>
    builder.add(
      row.map((_, source) => source),
      row,
    ),
  );
  return builder.finish();
}
