/**
 * The maps that rules are made of. Values carry the seeds as their first axis: [seeds, ...shape]. The number of seeds is
 * open, so shapes are written with −1 in front; no shape has a 0 in it (what is empty takes part in nothing).
 */
import { elementCount } from '../../tensor/tensor.js';
import type { Calculator } from './calculator.js';
import { compose, IDENTITY, selfAdjoint, type LinearMap, type Shape } from './linear-map.js';

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Gives a value as many axes as another has, so that the seed axis meets the seed axis when both are combined. */
function align(calc: Calculator, v: string, shape: Shape, rank: number): string {
  if (shape.length >= rank) return v;
  return calc.reshape(v, [-1, ...ones(rank - shape.length), ...shape]);
}

function ones(count: number): number[] {
  return Array.from({ length: count }, () => 1);
}

/** Adds up what was spread: u of shape `to` becomes one of shape `from`. */
function sumTo(calc: Calculator, u: string, from: Shape, to: Shape): string {
  const added = to.length - from.length;
  const axes = to.flatMap((size, axis) => (axis < added || (from[axis - added] === 1 && size !== 1) ? [axis] : []));
  const summed = calc.reduce('ReduceSum', u, shifted(axes), true);
  return added > 0 ? calc.reshape(summed, [-1, ...from]) : summed;
}

/** Axes of a value as those of the same value behind the seed axis. */
export function shifted(axes: readonly number[]): number[] {
  return axes.map((axis) => axis + 1);
}

/** Spreads a value over a shape that it fits to. */
export function expand(calc: Calculator, from: Shape, to: Shape): LinearMap {
  if (sameShape(from, to)) return IDENTITY;
  return {
    forward: (v) => calc.op('Expand', align(calc, v, from, to.length), calc.writer.ints([1, ...to])),
    transpose: (u) => sumTo(calc, u, from, to),
  };
}

/** v ⊙ c. @param coefficient without seed axis; together with `from` it spreads to `to`. */
export function scale(calc: Calculator, coefficient: string | number, from: Shape, to: Shape = from): LinearMap {
  return {
    forward: (v) => calc.op('Mul', align(calc, v, from, to.length), coefficient),
    transpose: (u) => sumTo(calc, calc.op('Mul', u, coefficient), from, to),
  };
}

export function negate(calc: Calculator): LinearMap {
  return selfAdjoint((v) => calc.op('Neg', v));
}

/** Keeps v where the mask holds. Not a product: what is masked out may be infinite. @param mask spreads to `shape`. */
export function select(calc: Calculator, mask: string): LinearMap {
  return selfAdjoint((v) => calc.op('Where', mask, v, 0));
}

export function reshape(calc: Calculator, from: Shape, to: Shape): LinearMap {
  if (sameShape(from, to)) return IDENTITY;
  return {
    forward: (v) => calc.reshape(v, [-1, ...to]),
    transpose: (u) => calc.reshape(u, [-1, ...from]),
  };
}

/** @param order axis of the input that each axis of the output is. */
export function permute(calc: Calculator, order: readonly number[]): LinearMap {
  if (order.every((axis, place) => axis === place)) return IDENTITY;
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const along = (axes: readonly number[]) => (v: string) =>
    calc.with('Transpose', [v], { perm: [0, ...shifted(axes)] });
  return { forward: along(order), transpose: along(inverse) };
}

/** Σ over axes. */
export function sum(calc: Calculator, from: Shape, axes: readonly number[], keep: boolean): LinearMap {
  if (axes.length === 0) return IDENTITY;
  const kept = from.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return {
    forward: (v) => calc.reduce('ReduceSum', v, shifted(axes), keep),
    transpose: (u) => calc.op('Expand', keep ? u : calc.reshape(u, [-1, ...kept]), calc.writer.ints([1, ...from])),
  };
}

/** Puts zeros around v, or cuts off where a number is negative; one is the transpose of the other. */
export function pad(calc: Calculator, before: readonly number[], after: readonly number[]): LinearMap {
  if ([...before, ...after].every((count) => count === 0)) return IDENTITY;
  const padded = (sign: 1 | -1) => (v: string) =>
    calc.op('Pad', v, calc.writer.ints([0, ...before.map((n) => sign * n), 0, ...after.map((n) => sign * n)]), 0);
  return { forward: padded(1), transpose: padded(-1) };
}

/** Elements [start, start + length) of one axis. */
export function part(calc: Calculator, from: Shape, axis: number, start: number, length: number): LinearMap {
  const at = (count: number) => from.map((_, each) => (each === axis ? count : 0));
  return pad(calc, at(-start), at(start + length - (from[axis] ?? 0)));
}

/**
 * Every element of the result is an element of v, or 0. @param source flat position in v of each element (int64); the
 * number of elements of v stands for none, where `sparse` says that it may occur.
 */
export function move(calc: Calculator, source: string, from: Shape, to: Shape, sparse = false): LinearMap {
  const { writer } = calc;
  const [read, made] = [elementCount(from), elementCount(to)];
  const room = sparse ? pad(calc, [0], [1]) : IDENTITY;
  const flat = writer.node('Reshape', [source, writer.ints([made])]);
  return compose(
    reshape(calc, from, [read]),
    room,
    {
      forward: (v) => calc.with('Gather', [v, flat], { axis: 1 }),
      transpose(u) {
        const seeds = calc.with('Shape', [u], { start: 0, end: 1 });
        const sized = (count: number) => calc.with('Concat', [seeds, writer.ints([count])], { axis: 0 });
        const zeros = calc.op('Expand', 0, sized(read + (sparse ? 1 : 0)));
        const indices = calc.op('Expand', flat, sized(made));
        return calc.with('ScatterElements', [zeros, indices, u], { axis: 1, reduction: 'add' });
      },
    },
    reshape(calc, [made], to),
  );
}

/** The flat position of every element of a shape (int64), from a first one on. */
export function positions({ writer }: Calculator, shape: Shape, first = 0): string {
  const range = writer.node('Range', [writer.int(first), writer.int(first + elementCount(shape)), writer.int(1)]);
  return writer.node('Reshape', [range, writer.ints(shape)]);
}

/** v · M over the last two axes. @param matrix without seed axis, with at least two axes. */
export function timesMatrix(calc: Calculator, matrix: string, matrixShape: Shape, from: Shape, to: Shape): LinearMap {
  const columns = to.at(-1) ?? 1;
  const spread = [...to.slice(0, -1), from.at(-1) ?? 1];
  return {
    forward: (v) => calc.op('MatMul', align(calc, v, from, to.length), matrix),
    transpose(u) {
      if (matrixShape.length > 2)
        return sumTo(calc, calc.op('MatMul', u, swapped(calc, matrix, matrixShape)), from, spread);
      // Gemm reads a matrix either way; a transposed copy of the weights would be held beside them.
      const product = calc.with('Gemm', [calc.reshape(u, [-1, columns]), matrix], { transB: 1 });
      return calc.reshape(product, [-1, ...from]);
    },
  };
}

/** M · v over the last two axes. */
export function matrixTimes(calc: Calculator, matrix: string, matrixShape: Shape, from: Shape, to: Shape): LinearMap {
  const spread = [...to.slice(0, -2), from.at(-2) ?? 1, to.at(-1) ?? 1];
  return {
    forward: (v) => calc.op('MatMul', matrix, align(calc, v, from, to.length)),
    transpose: (u) => sumTo(calc, calc.op('MatMul', swapped(calc, matrix, matrixShape), u), from, spread),
  };
}

function swapped(calc: Calculator, matrix: string, { length: rank }: Shape): string {
  const order = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return calc.with('Transpose', [matrix], { perm: order });
}

export interface Convolution {
  readonly group: number;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly kernel: readonly number[];
  /** All begins, then all ends. */
  readonly pads: readonly number[];
}

/** Cross-correlation of [N, C, ...] with weights [M, C/group, ...kernel]. */
export function convolve(
  calc: Calculator,
  weights: string,
  { group, strides, dilations, kernel, pads }: Convolution,
  from: Shape,
  to: Shape,
): LinearMap {
  const attributes = { group, strides, dilations, pads, kernel_shape: kernel };
  const spatial = kernel.length;
  // What the last step of the window does not reach.
  const rest = kernel.map((size, axis) => {
    const reach = ((to[axis + 2] ?? 1) - 1) * (strides[axis] ?? 1) + (dilations[axis] ?? 1) * (size - 1) + 1;
    return (from[axis + 2] ?? 0) + (pads[axis] ?? 0) + (pads[axis + spatial] ?? 0) - reach;
  });
  // One step at a time the transpose is a convolution with the turned window, for which engines are several times faster.
  const reaches = kernel.map((size, axis) => (dilations[axis] ?? 1) * (size - 1));
  const turnedPads = pads.map((before, at) => (reaches[at % spatial] ?? 0) - before);
  const turns = strides.every((stride) => stride === 1) && turnedPads.every((each) => each >= 0);
  const channels = from[1] ?? 1;
  const turned = lazyName(() => turnedWindow(calc, weights, { group, kernel, channels, filters: to[1] ?? 1 }));
  return compose(
    reshape(calc, from, from.slice(1)),
    {
      forward: (v) => calc.with('Conv', [v, weights], attributes),
      transpose: (u) =>
        turns
          ? calc.with('Conv', [u, turned()], { ...attributes, pads: turnedPads })
          : calc.with('ConvTranspose', [u, weights], { ...attributes, output_padding: rest }),
    },
    // Seeds and examples share the first axis in between.
    reshape(calc, to.slice(1), to),
  );
}

function lazyName(make: () => string): () => string {
  let made: string | undefined;
  return () => (made ??= make());
}

interface Window {
  readonly group: number;
  readonly kernel: readonly number[];
  readonly channels: number;
  readonly filters: number;
}

/** [filters, channels / group, ...kernel] as [channels, filters / group, ...kernel], every kernel axis backwards. */
function turnedWindow(calc: Calculator, weights: string, { group, kernel, channels, filters }: Window): string {
  const { writer } = calc;
  const axes = kernel.map((_, axis) => axis + 2);
  const along = (value: (size: number) => number): string => writer.ints(kernel.map(value));
  const ends = along((size) => -size - 1);
  const backwards = writer.node('Slice', [weights, along(() => -1), ends, writer.ints(axes), along(() => -1)]);
  const apart = calc.reshape(backwards, [group, filters / group, channels / group, ...kernel]);
  const swap = calc.with('Transpose', [apart], { perm: [0, 2, 1, ...axes.map((axis) => axis + 1)] });
  return calc.reshape(swap, [channels, filters / group, ...kernel]);
}

/** v minus its mean over axes: a projection, its own transpose. */
export function centre(calc: Calculator, axes: readonly number[]): LinearMap {
  return selfAdjoint((v) => calc.op('Sub', v, calc.reduce('ReduceMean', v, shifted(axes), true)));
}

/** v minus its part along a direction: v − d · mean(d ⊙ v) over axes. @param direction without seed axis. */
export function withoutDirection(calc: Calculator, direction: string, axes: readonly number[]): LinearMap {
  return selfAdjoint((v) => {
    const along = calc.reduce('ReduceMean', calc.op('Mul', direction, v), shifted(axes), true);
    return calc.op('Sub', v, calc.op('Mul', direction, along));
  });
}

/** Applies one matrix along one axis. @param matrix [from, to] sizes of the axis. */
export function alongAxis(calc: Calculator, matrix: string, from: Shape, axis: number, length: number): LinearMap {
  const last = from.length - 1;
  const order = from.map((_, each) => (each === axis ? last : each === last ? axis : each));
  const moved = order.map((each) => from[each] ?? 1);
  const result = [...moved.slice(0, -1), length];
  return compose(
    permute(calc, order),
    timesMatrix(calc, matrix, [from[axis] ?? 1, length], moved, result),
    permute(calc, order),
  );
}

/** The sum of two maps of the same shapes. */
export function plus(calc: Calculator, a: LinearMap, b: LinearMap): LinearMap {
  return {
    forward: (v) => calc.op('Add', a.forward(v), b.forward(v)),
    transpose: (u) => calc.op('Add', a.transpose(u), b.transpose(u)),
  };
}
