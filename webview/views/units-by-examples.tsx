/** For one layer: one row per input, one column per unit. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LayerSummary } from '../../src/core/passes/result.js';
import { Spinner } from '../controls/fields.js';
import { Select } from '../controls/select.js';
import { formatCount } from '../format/numbers.js';
import { singular } from '../../src/core/passes/words.js';
import { Heatmap, type HeatmapActions } from '../heatmap/heatmap.js';
import { robustDomain, type MatrixLabels, type MatrixSource } from '../heatmap/matrix.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { ui } from '../state/interface-state.js';
import { chooseMetric, exampleMetrics, layers, layersByValue, type ExampleQuantity } from '../state/metrics.js';
import { useResource } from '../state/resource.js';
import { selection, selectLayer, selectUnit } from '../state/selection.js';
import { result } from '../state/session.js';
import { useRowPreviews } from './row-previews.js';
import { inputNumber } from '../../src/core/told-numbers.js';

/** Values that the colours are fitted to: at most 1 MB of them. */
const SAMPLED_ROWS = 64;
const SAMPLED_COLUMNS = 4096;
const ROW_WITH_PICTURE_PX = 24;

interface MatrixViewProps {
  readonly actions: { current: HeatmapActions | undefined };
  readonly modes: ComponentChildren;
  readonly tools: ComponentChildren;
}

export function UnitsByExamples({ actions, modes, tools }: MatrixViewProps): JSX.Element {
  const metrics = exampleMetrics.value;
  const metric = chooseMetric(ui.exampleMetric.value, (pass) => pass.exampleMetrics);
  const [lastLayer, setLastLayer] = useState<string>();
  const selected = selection.value.layer;
  const layer = layersByValue.value.get(selected ?? lastLayer ?? '') ?? layers.value[0];
  useEffect(() => setLastLayer(layer?.value), [layer?.value]);
  return (
    <>
      <div class="toolbar">
        {modes}
        {layer && (
          <Select
            label="Layer"
            value={layer.value}
            choices={layers.value.map(({ value, label }) => ({ value, label }))}
            onChange={selectLayer}
          />
        )}
        {metric && (
          <Select
            label="Value"
            value={metric.id}
            choices={metrics.map(({ id, label }) => ({ value: id, label }))}
            onChange={(id) => (ui.exampleMetric.value = id)}
          />
        )}
        <span class="spacer-flex" />
        {tools}
      </div>
      {metric && layer ? (
        <ExampleMatrix metric={metric} layer={layer} actions={actions} />
      ) : (
        <p class="note">These results hold no numbers of single inputs.</p>
      )}
    </>
  );
}

interface ExampleMatrixProps {
  readonly metric: ExampleQuantity;
  readonly layer: LayerSummary;
  readonly actions: { current: HeatmapActions | undefined };
}

function ExampleMatrix({ metric, layer, actions }: ExampleMatrixProps): JSX.Element {
  const { examples } = metric;
  const current = result.value;
  const sample = useResource(
    (signal) =>
      host.exampleTile(
        {
          metric: metric.id,
          layer: layer.value,
          rows: [0, Math.min(SAMPLED_ROWS, examples.length)],
          columns: [0, Math.min(SAMPLED_COLUMNS, layer.units)],
        },
        signal,
      ),
    [current, metric.id, layer.value],
  );
  const source = useMemo(() => sample.value && exampleSource(metric, layer, sample.value.values), [sample.value]);
  const previews = useRowPreviews(examples, () => actions.current?.redraw());
  const labels = useMemo((): MatrixLabels => {
    const word = singular(layer.unitWord);
    const name = (row: number): string => previews.name(row) ?? `input ${inputNumber(examples[row] ?? row)}`;
    return {
      row: name,
      rowImage: previews.image,
      cell: (row, column) => `${layer.label} · ${word} ${column} on ${name(row)}`,
      columnAxis: word,
    };
  }, [layer, examples, previews]);
  const { unit, example, layer: selectedLayer } = selection.value;
  const row = example === undefined ? -1 : examples.indexOf(example);
  const marked = unit !== undefined && row >= 0 && selectedLayer === layer.value ? { row, column: unit } : undefined;
  return (
    <>
      {examples.length < (current?.inputsSeen ?? 0) && (
        <p class="note">
          {formatCount(examples.length)} of {formatCount(current?.inputsSeen ?? 0)} inputs were kept for this view.
        </p>
      )}
      {sample.error && <ProblemBox problem={sample.error} action="Try again" onAction={sample.retry} />}
      {sample.loading && <Spinner label="Reading the inputs" />}
      {source && (
        <Heatmap
          label={`Units of ${layer.label} on each input`}
          source={source}
          labels={labels}
          selected={marked}
          onSelect={(cell) => selectUnit(layer.value, cell.column, examples[cell.row])}
          actions={actions}
          leastRowHeightPx={ROW_WITH_PICTURE_PX}
          onVisibleRows={previews.show}
        />
      )}
    </>
  );
}

function exampleSource(metric: ExampleQuantity, layer: LayerSummary, sample: Float32Array): MatrixSource {
  return {
    rows: metric.examples.length,
    columns: layer.units,
    quantity: metric,
    ...robustDomain(sample, metric),
    rowLength: () => layer.units,
    tile: async (rows, columns, signal) =>
      (await host.exampleTile({ metric: metric.id, layer: layer.value, rows, columns }, signal)).values,
  };
}
