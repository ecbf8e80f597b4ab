import type { ActivationLayer } from '../graph/layers.js';
import type { Layout } from './layout.js';
import type { ObservationKind } from './observation.js';

/** Thresholds of saturation (methods D1), as the float32 numbers that the graph compares with. */
export const SATURATION = { symmetric: Math.fround(0.99), low: Math.fround(0.01), high: Math.fround(0.99) };

/** Whether the layer's function is bounded on both sides of zero (the Tanh family) or lies between 0 and 1. */
export function isSymmetric(layer: ActivationLayer): boolean {
  return (layer.range.lower ?? 0) < 0;
}

type Step = (accumulated: number, value: number) => number;

function stepOf(
  kind: ObservationKind,
  layer: ActivationLayer,
): { readonly start: number; readonly step: Step } | undefined {
  const { symmetric, low, high } = SATURATION;
  switch (kind) {
    case 'sum':
      return { start: 0, step: (sum, value) => sum + value };
    case 'absolute-sum':
      return { start: 0, step: (sum, value) => sum + Math.abs(value) };
    case 'sum-of-squares':
      return { start: 0, step: (sum, value) => sum + value * value };
    case 'minimum':
      return { start: Infinity, step: (least, value) => (value < least ? value : least) };
    case 'maximum':
      return { start: -Infinity, step: (most, value) => (value > most ? value : most) };
    case 'zero-count':
    case 'zero-count-by-position':
      return { start: 0, step: (count, value) => (value === 0 ? count + 1 : count) };
    case 'non-finite-count':
      return { start: 0, step: (count, value) => (value - value === 0 ? count : count + 1) };
    case 'saturated-count':
      return isSymmetric(layer)
        ? { start: 0, step: (count, value) => (Math.abs(value) > symmetric ? count + 1 : count) }
        : { start: 0, step: (count, value) => (value < low || value > high ? count + 1 : count) };
    case 'first-nonzero-position':
    case 'zero-count-by-site':
    case 'values':
    case 'sample':
      return undefined;
  }
}

/**
 * One observation of a value that was copied out of the engine.
 * @param data the value in its own order; `layout` says where each example, unit and position lies.
 * @returns row-major [examples, units] or, for `zero-count-by-position`, [examples, positions].
 */
export function reduceCopied(
  kind: Exclude<ObservationKind, 'zero-count-by-site' | 'values' | 'sample'>,
  layer: ActivationLayer,
  data: Float32Array,
  layout: Layout,
  examples: number,
): Float32Array {
  const byPosition = kind === 'zero-count-by-position';
  const outer = byPosition ? layout.positionOffsets : layout.unitOffsets;
  const inner = byPosition ? layout.unitOffsets : layout.positionOffsets;
  const rows = new Float32Array(examples * outer.length);
  const reduction = stepOf(kind, layer);
  let place = 0;
  for (let example = 0; example < examples; example++) {
    for (const offset of outer) {
      const start = example * layout.exampleStride + offset;
      rows[place++] = reduction
        ? fold(data, start, inner, reduction.start, reduction.step)
        : firstNonzero(data, start, inner);
    }
  }
  return rows;
}

function fold(data: Float32Array, start: number, offsets: Int32Array, initial: number, step: Step): number {
  let accumulated = initial;
  for (const offset of offsets) accumulated = step(accumulated, data[start + offset] as number);
  return accumulated;
}

function firstNonzero(data: Float32Array, start: number, offsets: Int32Array): number {
  const first = offsets.findIndex((offset) => data[start + offset] !== 0);
  return first < 0 ? offsets.length : first;
}
