/** Small helpers over per-layer, per-unit arrays, shared by passes (which never import each other). */
import type { ObservedLayer } from '../graph/layers.js';
import type { Applicability, ModelFacts } from './pass.js';
import type { LayerMetric, UnitMetric } from './result.js';

/** A pass over activation layers needs at least one. */
export function needsActivationLayers({ layers }: ModelFacts): Applicability {
  return layers.length > 0
    ? { applies: true }
    : { applies: false, reason: 'No activation layer (output of a non-linearity) was found in this graph.' };
}

/** State of a pass: one accumulator per layer, by ONNX value name. */
export type PerLayer<T> = Map<string, T>;

export function perLayer<T>(layers: readonly ObservedLayer[], create: (layer: ObservedLayer) => T): PerLayer<T> {
  return new Map(layers.map((layer) => [layer.value, create(layer)]));
}

export function mergePerLayer<T>(into: PerLayer<T>, other: PerLayer<T>, merge: (into: T, other: T) => void): void {
  for (const [layer, accumulator] of other) {
    const target = into.get(layer);
    if (target !== undefined) merge(target, accumulator);
  }
}

/** Metric values per layer, as plain records of numbers. */
export function layerValues<T>(
  state: PerLayer<T>,
  value: (accumulator: T, layer: string) => number,
): LayerMetric['values'] {
  return Object.fromEntries([...state].map(([layer, accumulator]) => [layer, value(accumulator, layer)]));
}

export function unitValues<T>(
  state: PerLayer<T>,
  value: (accumulator: T, layer: string) => ArrayLike<number>,
): UnitMetric['values'] {
  return Object.fromEntries(
    [...state].map(([layer, accumulator]) => [layer, Float32Array.from(value(accumulator, layer))]),
  );
}

/** Indices where `test` holds. */
export function unitsWhere(units: number, test: (unit: number) => boolean): number[] {
  return Array.from({ length: units }, (_, unit) => unit).filter(test);
}
