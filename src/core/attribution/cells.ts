/** Parts of a value that are patched at once: the whole, one position after the other, or the cells of a coarse grid. */
import { elementCount, type Tensor } from '../tensor/tensor.js';

/** Along each axis of positions, from its first position to the one behind its last. */
export interface Cell {
  readonly ranges: readonly { readonly axis: number; readonly start: number; readonly end: number }[];
}

/** Parts along one axis of positions, and along each of two. */
export interface CellLimits {
  readonly positions: number;
  readonly side: number;
}

/** Row by row. @param axes of positions: none for the whole value, one, or two; of more, the last two. */
export function cellsOf(dims: readonly number[], axes: readonly number[], limits: CellLimits): readonly Cell[] {
  const used = axes.slice(-2);
  const most = used.length > 1 ? limits.side : limits.positions;
  return used.reduce<readonly Cell[]>(
    (cells, axis) => {
      const size = dims[axis] ?? 1;
      const count = Math.max(1, Math.min(size, most));
      return cells.flatMap(({ ranges }) =>
        Array.from({ length: count }, (_, at): Cell => {
          const [start, end] = [Math.floor((at * size) / count), Math.floor(((at + 1) * size) / count)];
          return { ranges: [...ranges, { axis, start, end }] };
        }),
      );
    },
    [{ ranges: [] }],
  );
}

/**
 * A mask that is true in one cell per example, and nowhere in examples that have none. It spreads to the value's shape.
 * @param exampleAxis where several examples lie side by side in a run.
 */
export function maskOf(
  dims: readonly number[],
  examples: readonly (Cell | undefined)[],
  exampleAxis: number | undefined,
): Tensor {
  const axes = new Set(examples.flatMap((cell) => cell?.ranges.map(({ axis }) => axis) ?? []));
  const shape = dims.map((size, axis) => (axis === exampleAxis ? examples.length : axes.has(axis) ? size : 1));
  const data = new Uint8Array(elementCount(shape));
  examples.forEach((cell, example) => {
    if (cell === undefined) return;
    const own = exampleAxis === undefined ? [] : [{ axis: exampleAxis, start: example, end: example + 1 }];
    forEachPlace(shape, [...own, ...cell.ranges], (place) => (data[place] = 1));
  });
  return { type: 'bool', dims: shape, data };
}

/** Σ of numbers over a cell. */
export function sumOver(dims: readonly number[], { ranges }: Cell, valueAt: (place: number) => number): number {
  let sum = 0;
  forEachPlace(dims, ranges, (place) => (sum += valueAt(place)));
  return sum;
}

/** Flat places of a shape within ranges of some of its axes. */
function forEachPlace(dims: readonly number[], ranges: Cell['ranges'], visit: (place: number) => void): void {
  const bounds = dims.map((size, axis) => ranges.find((each) => each.axis === axis) ?? { start: 0, end: size });
  const walk = (axis: number, place: number): void => {
    const bound = bounds[axis];
    if (bound === undefined) return visit(place);
    for (let at = bound.start; at < bound.end; at++) walk(axis + 1, place * (dims[axis] ?? 1) + at);
  };
  walk(0, 0);
}
