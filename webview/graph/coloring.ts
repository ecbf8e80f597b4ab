/** The value that colours a box of the graph. */
import type { LayerMetric, LayerSummary, NodeMetric, Quantity } from '../../src/core/passes/result.js';
import type { NodeQuantity } from '../state/metrics.js';
import type { GraphItem } from '../../src/protocol/model.js';
import { colorAt, colormap, fraction, type Domain } from '../../src/core/picture/colormap.js';
import type { Rgb } from '../../src/core/picture/oklab.js';

export const PARAMETERS: Quantity = {
  id: 'parameters',
  label: 'Parameters',
  definition:
    'How many trained numbers a node or module holds: the elements of its floating-point initializers. The colour is logarithmic.',
  format: 'count',
  scale: 'sequential',
  spread: 'logarithmic',
};

export interface Coloring {
  readonly quantity: Quantity;
  readonly domain: Domain;
  /** What a module shows of what it holds. */
  readonly modules: 'mean' | NodeMetric['aggregate'];
  /** NaN where the item has no value. */
  readonly value: (item: GraphItem) => number;
  /** Undefined where the item has no value. */
  readonly color: (item: GraphItem) => Rgb | undefined;
}

export function colorByParameters(items: readonly GraphItem[], dark: boolean): Coloring {
  return colorByItem({ ...PARAMETERS, aggregate: 'sum' }, items, dark, (item) =>
    item.kind === 'input' || item.kind === 'output' ? NaN : item.parameters,
  );
}

/** By what a pass measured of each node: a module has the sum of its nodes, or their maximum. */
export function colorByNodeMetric(metric: NodeQuantity, items: readonly GraphItem[], dark: boolean): Coloring {
  return colorByItem(metric, items, dark, (item) => item.measured?.[metric.id] ?? NaN);
}

/** Items whose own number is 0 stay without colour where colours are logarithmic. */
function colorByItem(
  quantity: NodeQuantity,
  items: readonly GraphItem[],
  dark: boolean,
  value: (item: GraphItem) => number,
): Coloring {
  const positive = items
    .filter((item) => !item.expanded)
    .map(value)
    .filter((each) => each > 0);
  const largest = positive.reduce((most, each) => Math.max(most, each), 0) || 1;
  const smallest = positive.reduce((least, each) => Math.min(least, each), largest);
  const map = colormap(quantity.scale, dark);
  const isLogarithmic = quantity.spread === 'logarithmic';
  const domain: Domain = isLogarithmic ? [smallest, largest] : [0, largest];
  const position = (own: number): number => {
    if (!isLogarithmic) return fraction(own, domain);
    return smallest === largest ? 1 : Math.log(own / smallest) / Math.log(largest / smallest);
  };
  return {
    quantity,
    domain,
    modules: quantity.aggregate,
    value,
    color: (item) => {
      const own = value(item);
      if (Number.isNaN(own) || (isLogarithmic && own <= 0)) return undefined;
      return colorAt(map, Math.min(1, Math.max(0, position(own))));
    },
  };
}

/** A module takes the mean over the layers inside it, each weighted by its number of units. */
export function colorByMetric(metric: LayerMetric, layers: ReadonlyMap<string, LayerSummary>, dark: boolean): Coloring {
  const domain = metricDomain(metric, Object.values(metric.values));
  const map = colormap(metric.scale, dark);
  const value = (item: GraphItem): number => {
    let sum = 0;
    let weight = 0;
    for (const layer of item.layers) {
      const layerValue = metric.values[layer];
      const units = layers.get(layer)?.units ?? 0;
      if (layerValue === undefined || !Number.isFinite(layerValue)) continue;
      sum += layerValue * units;
      weight += units;
    }
    return weight > 0 ? sum / weight : NaN;
  };
  return {
    quantity: metric,
    domain,
    modules: 'mean',
    value,
    color: (item) => {
      const position = fraction(value(item), domain);
      return Number.isNaN(position) ? undefined : colorAt(map, position);
    },
  };
}

/** Sequential scales begin at 0 (or below, where values do); diverging ones are as long on both sides. */
function metricDomain(quantity: Quantity, values: readonly number[]): Domain {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), 0);
  const high = finite.reduce((a, b) => Math.max(a, b), 0);
  if (quantity.scale === 'diverging') {
    const reach = Math.max(-low, high) || 1;
    return [-reach, reach];
  }
  return [low, high > low ? high : low + 1];
}
