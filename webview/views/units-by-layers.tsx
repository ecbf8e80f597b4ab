/** One row per layer, its units as cells. */
import type { ComponentChildren, JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { LayerSummary } from '../../src/core/passes/result.js';
import { IconButton } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { Select } from '../controls/select.js';
import { formatExact } from '../format/numbers.js';
import { toTabSeparated } from '../format/tables.js';
import { Heatmap, type HeatmapActions } from '../heatmap/heatmap.js';
import { ProblemBox } from '../shell/problem-box.js';
import { copyText } from '../state/exports.js';
import { ui } from '../state/interface-state.js';
import { chooseMetric, layers, loadUnitMetric, metricChoices } from '../state/metrics.js';
import { useResource } from '../state/resource.js';
import { selection, selectUnit } from '../state/selection.js';
import { fileResult, result } from '../state/session.js';
import { layerMatrix } from './layer-matrix.js';

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

function asText(rows: readonly LayerSummary[], values: readonly Float32Array[]): string {
  return toTabSeparated({
    header: ['layer', 'unit', 'value'],
    rows: rows.flatMap(({ label }, row) =>
      [...(values[row] ?? [])].map((value, unit) => [label, String(unit), formatExact(value)]),
    ),
  });
}
