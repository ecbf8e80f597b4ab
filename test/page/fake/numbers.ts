/** What the units of the fake network did: a little world that is the same in every view. */
import type { LayerSummary } from '../../../src/core/passes/result.js';
import type { FakeNetwork } from './network.js';
import { noise } from './random.js';

export interface Numbers {
  /** Share of exact zeros of a unit. */
  zeroShare(layer: LayerSummary, unit: number): number;
  magnitude(layer: LayerSummary, unit: number): number;
  /** Largest activation of a unit on an input. */
  peak(layer: LayerSummary, unit: number, example: number): number;
  dead(layer: LayerSummary, unit: number): boolean;
}

/** Cheap values for matrices of millions of cells: a table, read with two strides. */
const TABLE = Float32Array.from({ length: 2 ** 16 }, (_, index) => 6 * noise(index, 41) ** 4);

export function numbersOf(network: FakeNetwork): Numbers {
  const depth = new Map(
    network.layers.map((layer, index) => [layer.value, index / Math.max(1, network.layers.length - 1)]),
  );
  const at = (layer: LayerSummary): number => depth.get(layer.value) ?? 0;
  const seed = (layer: LayerSummary): number => Math.round(at(layer) * 1000) + layer.units;
  const dead = (layer: LayerSummary, unit: number): boolean =>
    layer.family === 'rectifier' && noise(seed(layer), unit, 1) < 0.34 * at(layer) ** 2;
  const zeroShare = (layer: LayerSummary, unit: number): number => {
    if (layer.family !== 'rectifier') return 0;
    if (dead(layer, unit)) return 1;
    return Math.min(0.999, 0.12 + 0.6 * at(layer) + 0.45 * (noise(seed(layer), unit, 2) - 0.5));
  };
  const magnitude = (layer: LayerSummary, unit: number): number =>
    dead(layer, unit)
      ? 0
      : (1 - zeroShare(layer, unit)) * (0.3 + 1.4 * noise(seed(layer), unit, 3) ** 2) * (1.4 - at(layer));
  const peak = (layer: LayerSummary, unit: number, example: number): number => {
    if (layer.units >= 10_000) return TABLE[(unit * 7 + example * 1009) & 0xffff] ?? 0;
    if (dead(layer, unit)) return 0;
    const likes = Math.floor(8 * noise(seed(layer), unit, 4)) === example % 8 ? 1.6 : 0.5;
    const value = (noise(seed(layer), unit, example) - zeroShare(layer, unit) * 0.6) * likes * 3 * (1.4 - at(layer));
    return layer.family === 'rectifier' ? Math.max(0, value) : value - 0.4;
  };
  return { zeroShare, magnitude, peak, dead };
}
