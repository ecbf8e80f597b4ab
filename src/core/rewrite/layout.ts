import type { ObservedLayer } from '../graph/layers.js';
import type { GraphWriter } from './graph-writer.js';

/** A layer's axes once positions that share an axis with the examples have one of their own. */
export interface Axes {
  /** Undefined: the value holds one example. */
  readonly example: number | undefined;
  readonly units: readonly number[];
  readonly positions: readonly number[];
}

/** Sizes and element offsets of a value, seen as [examples, units, positions]. */
export interface Layout {
  readonly examples: number;
  readonly exampleStride: number;
  readonly unitOffsets: Int32Array;
  readonly positionOffsets: Int32Array;
}

/** [batch · tokens, width] becomes [batch, tokens, width]: axes behind the example axis move by one. */
export function unfoldedAxes(layer: ObservedLayer): Axes {
  const { exampleAxis: example, foldedPositions, unitAxes, positionAxes } = layer;
  if (example === undefined || foldedPositions === undefined)
    return { example, units: unitAxes, positions: positionAxes };
  const moved = (axis: number) => (axis > example ? axis + 1 : axis);
  return { example, units: unitAxes.map(moved), positions: [example + 1, ...positionAxes.map(moved)] };
}

/** The value's shape in the numbering of {@link unfoldedAxes}. @param dims as the engine gave them. */
export function unfoldedDims(layer: ObservedLayer, dims: readonly number[]): readonly number[] {
  const { exampleAxis: axis, foldedPositions } = layer;
  if (axis === undefined || foldedPositions === undefined) return dims;
  const rows = dims[axis] ?? 0;
  // Where the number of positions varies, a run holds one example.
  const positions = foldedPositions > 0 ? foldedPositions : rows;
  return [...dims.slice(0, axis), positions > 0 ? rows / positions : 0, positions, ...dims.slice(axis + 1)];
}

/** Sizes of the unfolded axes as far as the layer's own description knows them; −1 for the example axis and open sizes. */
export function knownDims(layer: ObservedLayer): readonly number[] {
  const { exampleAxis: axis, foldedPositions, shape } = layer;
  if (axis === undefined) return shape;
  return [
    ...shape.slice(0, axis),
    -1,
    ...(foldedPositions === undefined ? [] : [foldedPositions]),
    ...shape.slice(axis),
  ];
}

/** Gives positions that share an axis with the examples an axis of their own, in the graph. */
export function unfold(writer: GraphWriter, layer: ObservedLayer, value: string): string {
  const { foldedPositions: positions, exampleAxis: axis } = layer;
  if (positions === undefined || axis === undefined) return value;
  const dims = knownDims(layer).map((dim, index) => (index === axis ? (positions > 0 ? -1 : 1) : dim));
  return writer.node('Reshape', [value, writer.ints(dims)]);
}

export function layoutOf(dims: readonly number[], axes: Axes): Layout {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  return {
    examples: axes.example === undefined ? 1 : (dims[axes.example] ?? 0),
    exampleStride: axes.example === undefined ? 0 : (strides[axes.example] ?? 0),
    unitOffsets: offsets(dims, strides, axes.units),
    positionOffsets: offsets(dims, strides, axes.positions),
  };
}

/** Offsets of every index tuple over the given axes, the last axis running fastest. */
function offsets(dims: readonly number[], strides: readonly number[], axes: readonly number[]): Int32Array {
  let table = Int32Array.of(0);
  for (const axis of axes) {
    const size = dims[axis] ?? 0;
    const stride = strides[axis] ?? 0;
    const next = new Int32Array(table.length * size);
    table.forEach((start, row) => {
      for (let index = 0; index < size; index++) next[row * size + index] = start + index * stride;
    });
    table = next;
  }
  return table;
}

/**
 * The axes left when `reduced` ones are taken out, renumbered: what a reduction without kept dimensions gives.
 */
export function withoutAxes(axes: Axes, reduced: readonly number[]): Axes {
  const renumber = (axis: number) => axis - reduced.filter((gone) => gone < axis).length;
  const keep = (list: readonly number[]) => list.filter((axis) => !reduced.includes(axis)).map(renumber);
  return {
    // An example axis that is summed away leaves its one example behind.
    example: axes.example === undefined || reduced.includes(axes.example) ? undefined : renumber(axes.example),
    units: keep(axes.units),
    positions: keep(axes.positions),
  };
}

/** Row-major [examples, units, positions] of the first `examples` examples; the same memory where it lies so already. */
export function toRows(data: Float32Array, dims: readonly number[], axes: Axes, examples: number): Float32Array {
  const order = [...(axes.example === undefined ? [] : [axes.example]), ...axes.units, ...axes.positions];
  const moving = order.filter((axis) => dims[axis] !== 1);
  if (moving.every((axis, place) => place === 0 || axis > (moving[place - 1] ?? 0))) {
    const columns = [...axes.units, ...axes.positions].reduce((product, axis) => product * (dims[axis] ?? 0), 1);
    return data.subarray(0, examples * columns);
  }
  const { exampleStride, unitOffsets, positionOffsets } = layoutOf(dims, axes);
  const rows = new Float32Array(examples * unitOffsets.length * positionOffsets.length);
  let place = 0;
  for (let example = 0; example < examples; example++) {
    for (const unit of unitOffsets) {
      const start = example * exampleStride + unit;
      for (const position of positionOffsets) rows[place++] = data[start + position] as number;
    }
  }
  return rows;
}
