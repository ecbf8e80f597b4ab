import type { JSX } from 'preact';
import type { LayerMetric } from '../../src/core/passes/result.js';
import type { GraphItem } from '../../src/protocol/model.js';
import { formatCount, formatQuantity } from '../format/numbers.js';
import { nodeMetrics } from '../state/metrics.js';
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
  const { quantity } = coloring;
  const isMean = metrics.some(({ id }) => id === quantity.id);
  const measured = nodeMetrics.peek().filter(({ id }) => item.measured?.[id] !== undefined);
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
          : isMean &&
            Number.isFinite(value) && (
              <Line term={quantity.label} value={formatQuantity(quantity.format, value)} strong />
            )}
        {measured.map(({ id, label, format }) => (
          <Line key={id} term={label} value={formatQuantity(format, item.measured?.[id])} strong={id === quantity.id} />
        ))}
        {item.parameters > 0 && <Line term="Parameters" value={formatCount(item.parameters)} />}
      </dl>
      {item.layers.length > 1 && isMean && (
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
