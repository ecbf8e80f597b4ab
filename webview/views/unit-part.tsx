/** What a pass measured of single units, as the picture of its page; the heatmap's own tab has every tool beside it. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { PassSummary } from '../../src/protocol/inspection.js';
import { TextButton } from '../controls/button.js';
import { Select } from '../controls/select.js';
import { Help } from '../controls/tooltip.js';
import { Heatmap, type HeatmapActions } from '../heatmap/heatmap.js';
import { ProblemBox } from '../shell/problem-box.js';
import { restsOn } from '../shell/rests-on.js';
import { ui } from '../state/interface-state.js';
import { layers, loadUnitMetric } from '../state/metrics.js';
import { useResource } from '../state/resource.js';
import { selection, selectUnit } from '../state/selection.js';
import { fileResult, result } from '../state/session.js';
import { layerMatrix } from './layer-matrix.js';

const ROW_PX = 20;
/** Axis, readout and legend. */
const AROUND_PX = 84;
const [LEAST_PX, MOST_PX] = [226, 420];

/** Nothing where the pass measured no units, or no layer that is shown. */
export function UnitPart({ found }: { found: PassSummary }): JSX.Element | null {
  const [metricId, setMetricId] = useState<string>();
  const metrics = found.unitMetrics;
  const metric = metrics.find(({ id }) => id === metricId) ?? metrics[0];
  const actions = useRef<HeatmapActions>();
  const loaded = useResource(
    metric && (() => loadUnitMetric(metric.id).then((values) => ({ metric, values }))),
    [result.value, fileResult.value?.finished, metric?.id],
    true,
  );
  const all = layers.value;
  const shown = useMemo(() => {
    if (loaded.value === undefined) return undefined;
    const { values, metric: of } = loaded.value;
    const measured = all.flatMap((layer, row) => {
      const own = values.layers[row];
      return own === undefined || own.length === 0 ? [] : [{ layer, own }];
    });
    const rows = measured.map(({ layer }) => layer);
    const matrix = layerMatrix(
      rows,
      measured.map(({ own }) => own),
      of,
      'index',
    );
    return { rows, matrix };
  }, [all, loaded.value]);
  if (metric === undefined || shown?.rows.length === 0) return null;
  const { layer, unit } = selection.value;
  const selectedRow = shown?.rows.findIndex(({ value }) => value === layer) ?? -1;
  const heightPx = Math.min(MOST_PX, Math.max(LEAST_PX, (shown?.rows.length ?? 0) * ROW_PX + AROUND_PX));
  const title = `${metric.label}, unit by unit`;
  return (
    <figure class="chart-frame unit-part" aria-label={title}>
      <figcaption class="frame-head">
        <span class="frame-title">{title}</span>
        <Help about={metric.label}>{metric.definition}</Help>
        {metrics.length > 1 && (
          <Select
            label="Measure of units"
            hideLabel
            value={metric.id}
            choices={metrics.map(({ id, label }) => ({ value: id, label }))}
            onChange={setMetricId}
          />
        )}
        <span class="spacer-flex" />
        <TextButton
          onClick={() => {
            ui.unitMetric.value = metric.id;
            ui.heatmapMode.value = 'layers';
            ui.tab.value = 'heatmap';
          }}
        >
          Open in Heatmap
        </TextButton>
      </figcaption>
      {loaded.error && <ProblemBox problem={loaded.error} action="Try again" onAction={loaded.retry} />}
      <div class="unit-part-map" style={{ height: `${heightPx}px` }}>
        {shown && (
          <Heatmap
            label={title}
            source={shown.matrix.source}
            labels={shown.matrix.labels}
            selected={selectedRow >= 0 && unit !== undefined ? { row: selectedRow, column: unit } : undefined}
            onSelect={({ row, column }) => {
              const at = shown.rows[row];
              if (at !== undefined && column < at.units) selectUnit(at.value, column);
            }}
            amongText
            actions={actions}
          />
        )}
      </div>
      <p class="chart-foot muted">{restsOn(result.value)}</p>
    </figure>
  );
}
