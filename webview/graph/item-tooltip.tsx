import type { JSX } from 'preact';
import type { LayerMetric } from '../../src/core/passes/result.js';
import type { GraphItem } from '../../src/protocol/model.js';
import { formatCount, formatQuantity } from '../format/numbers.js';
import type { Coloring } from './coloring.js';

interface ItemTooltipProps {
  readonly item: GraphItem;
  readonly coloring: Coloring;
  readonly metrics: readonly LayerMetric[];
}

/** What a box says when pointed at. */
export function ItemTooltip({ item, coloring, metrics }: ItemTooltipProps): JSX.Element {
  const [only] = item.layers;
  const value = coloring.value(item);
  return (
    <div class="tooltip-table">
      <strong>{item.label}</strong>
      <div class="muted">{item.caption}</div>
      <dl>
        {item.layers.length === 1 && only !== undefined
          ? metrics.map((metric) => (
              <Line
                key={metric.id}
                term={metric.label}
                value={formatQuantity(metric.format, metric.values[only])}
                strong={metric.id === coloring.quantity.id}
              />
            ))
          : Number.isFinite(value) &&
            coloring.quantity.id !== 'parameters' && (
              <Line term={coloring.quantity.label} value={formatQuantity(coloring.quantity.format, value)} strong />
            )}
        {item.parameters > 0 && <Line term="Parameters" value={formatCount(item.parameters)} />}
      </dl>
      {item.layers.length > 1 && coloring.quantity.id !== 'parameters' && (
        <div class="muted">Mean over its {item.layers.length} layers, each weighted by its number of units.</div>
      )}
    </div>
  );
}

function Line({ term, value, strong = false }: { term: string; value: string; strong?: boolean }): JSX.Element {
  return (
    <>
      <dt class={strong ? 'strong' : ''}>{term}</dt>
      <dd class={strong ? 'strong' : ''}>{value}</dd>
    </>
  );
}
