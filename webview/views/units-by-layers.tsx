/** One row per layer, its units as cells. */
import type { ComponentChildren, JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { LayerSummary, Quantity } from '../../src/core/passes/result.js';
import { IconButton } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { Select } from '../controls/select.js';
import { formatCount, formatExact } from '../format/numbers.js';
import { toTabSeparated } from '../format/tables.js';
import { singular } from '../../src/core/passes/words.js';
import { Heatmap, type HeatmapActions } from '../heatmap/heatmap.js';
import { robustDomain, type MatrixLabels, type MatrixSource } from '../heatmap/matrix.js';
import { ProblemBox } from '../shell/problem-box.js';
import { copyText } from '../state/exports.js';
import { ui } from '../state/interface-state.js';
import { chooseMetric, layers, loadUnitMetric, metricChoices } from '../state/metrics.js';
import { useResource } from '../state/resource.js';
import { selection, selectUnit } from '../state/selection.js';
import { fileResult, result } from '../state/session.js';
import { unitOrder } from './unit-order.js';

interface MatrixViewProps {
  readonly actions: { current: HeatmapActions | undefined };
  readonly modes: ComponentChildren;
  readonly tools: ComponentChildren;
}

export function UnitsByLayers({ actions, modes, tools }: MatrixViewProps): JSX.Element {
  const metric = chooseMetric(ui.unitMetric.value, (pass) => pass.unitMetrics);
  const current = result.value;
  const loaded = useResource(
    metric && (() => loadUnitMetric(metric.id).then((values) => ({ metric, values }))),
    [current, fileResult.value?.finished, metric?.id],
    true,
  );
  const rows = layers.value;
  const order = ui.unitOrder.value;
  const matrix = useMemo(
    () => loaded.value && layerMatrix(rows, loaded.value.values.layers, loaded.value.metric, order),
    [rows, loaded.value, order],
  );
  const { layer, unit } = selection.value;
  const selectedRow = rows.findIndex((row) => row.value === layer);
  const selectedColumn = unit === undefined ? -1 : (matrix?.order[selectedRow]?.indexOf(unit) ?? -1);
  return (
    <>
      <div class="toolbar">
        {modes}
        {metric && (
          <Select
            label="Value"
            value={metric.id}
            choices={metricChoices((pass) => pass.unitMetrics)}
            onChange={(id) => (ui.unitMetric.value = id)}
          />
        )}
        <OrderSelect />
        <span class="spacer-flex" />
        {loaded.value && (
          <IconButton
            icon="copy"
            label="Copy the numbers"
            onClick={() => loaded.value && void copyText(asText(rows, loaded.value.values.layers))}
          />
        )}
        {tools}
      </div>
      {metric === undefined && <p class="note">These results hold no numbers of single units.</p>}
      {loaded.error && <ProblemBox problem={loaded.error} action="Try again" onAction={loaded.retry} />}
      {matrix === undefined && loaded.loading && <Spinner label="Reading the units" />}
      {matrix && (
        <Heatmap
          label="Units of every layer"
          source={matrix.source}
          labels={matrix.labels}
          selected={selectedRow >= 0 && selectedColumn >= 0 ? { row: selectedRow, column: selectedColumn } : undefined}
          onSelect={({ row, column }) => {
            const at = rows[row];
            const chosen = matrix.order[row]?.[column];
            if (at !== undefined && chosen !== undefined) selectUnit(at.value, chosen);
          }}
          actions={actions}
        />
      )}
    </>
  );
}

function OrderSelect(): JSX.Element {
  return (
    <Select
      label="Units by"
      value={ui.unitOrder.value}
      choices={[
        { value: 'index', label: 'Index' },
        { value: 'value', label: 'Value, largest first' },
      ]}
      onChange={(order) => (ui.unitOrder.value = order === 'value' ? 'value' : 'index')}
    />
  );
}

interface LayerMatrix {
  readonly source: MatrixSource;
  readonly labels: MatrixLabels;
  /** Unit shown in each column, per row. */
  readonly order: readonly Uint32Array[];
}

function layerMatrix(
  rows: readonly LayerSummary[],
  values: readonly Float32Array[],
  quantity: Quantity,
  by: 'index' | 'value',
): LayerMatrix {
  const order = rows.map(({ units }, row) => unitOrder(values[row], units, by));
  const columns = rows.reduce((most, { units }) => Math.max(most, units), 0);
  const all = new Float32Array(values.reduce((sum, layer) => sum + layer.length, 0));
  let offset = 0;
  for (const layer of values) {
    all.set(layer, offset);
    offset += layer.length;
  }
  const source: MatrixSource = {
    rows: rows.length,
    columns,
    quantity,
    ...robustDomain(all, quantity),
    rowLength: (row) => rows[row]?.units ?? 0,
    tile: async ([r0, r1], [c0, c1]) => {
      const tile = new Float32Array((r1 - r0) * (c1 - c0)).fill(NaN);
      for (let row = r0; row < r1; row++) {
        const units = order[row];
        const layer = values[row];
        if (units === undefined || layer === undefined) continue;
        for (let column = c0; column < Math.min(c1, units.length); column++) {
          tile[(row - r0) * (c1 - c0) + column - c0] = layer[units[column] ?? 0] ?? NaN;
        }
      }
      return tile;
    },
  };
  const labels: MatrixLabels = {
    row: (row) => rows[row]?.label ?? '',
    rowDetail: (row) => formatCount(rows[row]?.units ?? 0),
    cell: (row, column) => {
      const layer = rows[row];
      return layer === undefined
        ? ''
        : `${layer.label} · ${singular(layer.unitWord)} ${order[row]?.[column] ?? column}`;
    },
    columnAxis: by === 'index' ? 'unit' : 'rank',
  };
  return { source, labels, order };
}

function asText(rows: readonly LayerSummary[], values: readonly Float32Array[]): string {
  return toTabSeparated({
    header: ['layer', 'unit', 'value'],
    rows: rows.flatMap(({ label }, row) =>
      [...(values[row] ?? [])].map((value, unit) => [label, String(unit), formatExact(value)]),
    ),
  });
}
