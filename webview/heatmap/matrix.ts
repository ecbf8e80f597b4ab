/** What a heatmap shows: a matrix that is read one rectangle at a time. */
import type { Quantity } from '../../src/core/passes/result.js';
import type { Domain } from '../../src/core/picture/colormap.js';

export interface MatrixSource {
  readonly rows: number;
  readonly columns: number;
  /**
   * Values of rows [r0, r1) × columns [c0, c1), row-major; NaN where there is none. With steps above 1 (asked only of a
   * matrix that reduces) one value stands for each block of so many rows and columns; blocks at the end may be smaller.
   */
  tile(rows: Range, columns: Range, signal: AbortSignal, steps: Steps): Promise<Float32Array>;
  /** Gives blocks as one value, so that a matrix of any size can be seen whole; what that value is, for the readout. */
  readonly reduces?: string;
  /** Cells of a row; fewer than `columns` where rows have different lengths. */
  rowLength(row: number): number;
  readonly quantity: Quantity;
  readonly domain: Domain;
  /** Some values lie beyond the domain. */
  readonly clipped: boolean;
}

export type Range = readonly [start: number, end: number];

/** Rows and columns of a block that is shown as one cell: powers of two. */
export interface Steps {
  readonly row: number;
  readonly column: number;
}

/** Words around the cells. */
export interface MatrixLabels {
  readonly row: (row: number) => string;
  /** A second, quieter word at the end of the row's label. */
  readonly rowDetail?: (row: number) => string;
  /** "unit 14 of layer2.0.conv1" for the readout. */
  readonly cell: (row: number, column: number) => string;
  /** A picture beside the row; undefined until it has arrived. */
  readonly rowImage?: (row: number) => ImageBitmap | undefined;
  readonly columnAxis: string;
  /** Number at a tick of the column axis, where it is not the column's own. */
  readonly column?: (column: number) => string;
}

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Values that the colours must tell apart: ignores the most extreme ones when they are far out. */
export function robustDomain(values: Float32Array, quantity: Quantity): { domain: Domain; clipped: boolean } {
  if (quantity.format === 'share' && quantity.scale === 'sequential') return { domain: [0, 1], clipped: false };
  const finite = values.filter(Number.isFinite).sort();
  if (finite.length === 0) return { domain: [0, 1], clipped: false };
  const at = (share: number): number => finite[Math.round(share * (finite.length - 1))] ?? 0;
  const [lowest, highest] = [at(0), at(1)];
  const [low, high] = [Math.min(0, at(0.002)), Math.max(0, at(0.998))];
  if (quantity.scale === 'diverging') {
    const reach = Math.max(-low, high) || Math.max(-lowest, highest) || 1;
    return { domain: [-reach, reach], clipped: lowest < -reach || highest > reach };
  }
  if (high <= low) return { domain: [lowest, highest > lowest ? highest : lowest + 1], clipped: false };
  return { domain: [low, high], clipped: lowest < low || highest > high };
}
