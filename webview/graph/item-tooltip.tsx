import type { JSX } from 'preact';
import type { LayerMetric } from '../../src/core/passes/result.js';
import type { GraphItem } from '../../src/protocol/model.js';
import { formatCount, formatQuantity } from '../format/numbers.js';
import { byPass, type NodeQuantity } from '../state/metrics.js';
import type { Coloring } from './coloring.js';

interface ItemTooltipProps {
  readonly item: GraphItem;
  readonly coloring: Coloring;
}

/** What a box says when pointed at. */
export function ItemTooltip({ item, coloring }: ItemTooltipProps): JSX.Element {
  const value = coloring.value(item);
  const { quantity } = coloring;
  const isMean = coloring.modules === 'mean' && item.layers.length > 1;
  const { shown, more } = numbersOf(item, quantity.id);
  return (
    <div class="tooltip-table">
      <strong>{item.label}</strong>
      <div class="muted">{item.caption}</div>
      <dl>
        {isMean && Number.isFinite(value) && (
          <Line term={quantity.label} value={formatQuantity(quantity.format, value)} strong />
        )}
        {shown.map(({ metric: { id, label, format }, value: own }) => (
          <Line key={id} term={label} value={formatQuantity(format, own)} strong={id === quantity.id} />
        ))}
        {item.parameters > 0 && <Line term="Parameters" value={formatCount(item.parameters)} />}
      </dl>
      {isMean && (
        <div class="muted">Mean over its {item.layers.length} layers, each weighted by its number of units.</div>
      )}
      {more > 0 && <div class="muted">{more} more to colour the graph by.</div>}
    </div>
  );
}

interface ItemNumber {
  readonly metric: LayerMetric | NodeQuantity;
  readonly value: number;
}

/** All numbers of the pass that the graph is coloured by, and the first of every other: a box has too many for one look. */
function numbersOf(
  item: GraphItem,
  coloredBy: string,
): { readonly shown: readonly ItemNumber[]; readonly more: number } {
  const [only, ...others] = item.layers;
  const valueOf = (metric: LayerMetric | NodeQuantity): number | undefined => {
    if (!('values' in metric)) return item.measured?.[metric.id];
    return only === undefined || others.length > 0 ? undefined : metric.values[only];
  };
  const passes = byPass((pass) => [...pass.layerMetrics, ...(pass.nodeMetrics ?? [])]).map(({ metrics }) => ({
    chosen: metrics.some(({ id }) => id === coloredBy),
    numbers: metrics.flatMap((metric) => {
      const value = valueOf(metric);
      return value === undefined ? [] : [{ metric, value }];
    }),
  }));
  const shown = passes.flatMap(({ chosen, numbers }) => (chosen ? numbers : numbers.slice(0, 1)));
  return { shown, more: passes.reduce((sum, { numbers }) => sum + numbers.length, 0) - shown.length };
}

function Line({ term, value, strong = false }: { term: string; value: string; strong?: boolean }): JSX.Element {
  return (
    <>
      <dt class={strong ? 'strong' : ''}>{term}</dt>
      <dd class={strong ? 'strong' : ''}>{value}</dd>
    </>
  );
}
