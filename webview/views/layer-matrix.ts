/** A metric of units as a matrix: one row per layer, its units as cells. */
import type { LayerSummary, Quantity } from '../../src/core/passes/result.js';
import { singular } from '../../src/core/passes/words.js';
import { formatCount } from '../format/numbers.js';
import { robustDomain, type MatrixLabels, type MatrixSource } from '../heatmap/matrix.js';
import { unitOrder } from './unit-order.js';

export interface LayerMatrix {
  readonly source: MatrixSource;
  readonly labels: MatrixLabels;
  /** Unit shown in each column, per row. */
  readonly order: readonly Uint32Array[];
}

export function layerMatrix(
  rows: readonly LayerSummary[],
  values: readonly Float32Array[],
  quantity: Quantity,
  by: 'index' | 'value',
): LayerMatrix {
  const order = rows.map(({ units }, row) => unitOrder(values[row], units, by));
  const columns = rows.reduce((most, { units }) => Math.max(most, units), 0);
  const all = new Float32Array(values.reduce((sum, layer) => sum + layer.length, 0));
  let offset = 0;
  for (const layer of values) {
    all.set(layer, offset);
    offset += layer.length;
  }
  const source: MatrixSource = {
    rows: rows.length,
    columns,
    quantity,
    ...robustDomain(all, quantity),
    rowLength: (row) => rows[row]?.units ?? 0,
    tile: async ([r0, r1], [c0, c1]) => {
      const tile = new Float32Array((r1 - r0) * (c1 - c0)).fill(NaN);
      for (let row = r0; row < r1; row++) {
        const units = order[row];
        const layer = values[row];
        if (units === undefined || layer === undefined) continue;
        for (let column = c0; column < Math.min(c1, units.length); column++) {
          tile[(row - r0) * (c1 - c0) + column - c0] = layer[units[column] ?? 0] ?? NaN;
        }
      }
      return tile;
    },
  };
  const labels: MatrixLabels = {
    row: (row) => rows[row]?.label ?? '',
    rowDetail: (row) => formatCount(rows[row]?.units ?? 0),
    cell: (row, column) => {
      const layer = rows[row];
      return layer === undefined
        ? ''
        : `${layer.label} · ${singular(layer.unitWord)} ${order[row]?.[column] ?? column}`;
    },
    columnAxis: by === 'index' ? 'unit' : 'rank',
  };
  return { source, labels, order };
}
