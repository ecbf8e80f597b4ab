/** Lines over a common axis. */
import type { ChartConfiguration, ChartDataset, ChartOptions, Scale } from 'chart.js';
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Curve } from '../../src/core/passes/result.js';
import { Select } from '../controls/select.js';
import { formatExact, formatQuantity } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { selectLayer, selection } from '../state/selection.js';
import type { Theme } from '../theme/theme.js';
import { axis, baseOptions } from './chart.js';
import { ChartCanvas } from './chart-canvas.js';
import { ChartFrame } from './chart-frame.js';

const HEIGHT_PX = 300;
/** More lines than this cannot be told apart; a person then picks a layer. */
const MOST_LINES = 6;
const POINTS_SHOWN_UP_TO = 24;
const POINT_PX = 3.5;
/** Of lines that are none of a layer: told apart by more than colour. */
const POINTS = ['circle', 'triangle', 'rect', 'rectRot', 'star', 'crossRot'] as const;
const ALL = 'all';
/** A layer's first and second baseline, then its controls. */
const DASHES = [
  [6, 4],
  [2, 3],
  [12, 4, 2, 4],
  [1, 5],
];

export function CurveChart({ curve, foot }: { curve: Curve; foot: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const layers = [...new Map(curve.series.map((series) => [series.layer ?? series.label, series.label])).entries()];
  const crowded = layers.length > MOST_LINES;
  const [chosen, setChosen] = useState<string>(ALL);
  const selected = selection.value.layer;
  const fromSelection = layers.some(([layer]) => layer === selected) ? selected : undefined;
  const shownLayer = chosen !== ALL ? chosen : crowded ? fromSelection : undefined;
  const shown =
    shownLayer === undefined
      ? // Among very many lines those of controls hide more than they show.
        curve.series.filter(({ control }) => !crowded || control !== true)
      : curve.series.filter((series) => (series.layer ?? series.label) === shownLayer);
  return (
    <ChartFrame
      title={curve.title}
      definition={curve.definition}
      foot={foot}
      canvas={canvas}
      table={() => curveTable(curve)}
      controls={
        layers.length > 1 &&
        curve.series.some(({ layer }) => layer !== undefined) && (
          <Select
            label="Layer"
            hideLabel
            value={shownLayer ?? ALL}
            choices={[{ value: ALL, label: 'All layers' }, ...layers.map(([value, label]) => ({ value, label }))]}
            onChange={(layer) => {
              setChosen(layer);
              if (layer !== ALL) selectLayer(layer);
            }}
          />
        )
      }
    >
      <ChartCanvas
        label={`${curve.title}: ${curve.yLabel} over ${curve.xLabel}, ${shown.length} lines`}
        configure={(theme) => configure({ ...curve, series: shown }, theme)}
        dependencies={[curve, shownLayer]}
        heightPx={HEIGHT_PX}
        canvas={canvas}
      />
    </ChartFrame>
  );
}

function configure(curve: Curve, theme: Theme): ChartConfiguration<'line'> {
  const colorOf = new Map<string, string>();
  for (const { layer, label } of curve.series) {
    const key = layer ?? label;
    if (!colorOf.has(key)) colorOf.set(key, theme.series[colorOf.size % theme.series.length] ?? theme.foreground);
  }
  const options = baseOptions(theme) as ChartOptions<'line'>;
  const xAxis = axis(theme, curve.xLabel, curve.xFormat ?? 'count');
  // Between whole numbers there is nothing to count.
  const whole = curve.xFormat === undefined ? { precision: 0 } : {};
  const dashedSoFar = new Map<string, number>();
  const datasets = curve.series.map((series, index): ChartDataset<'line'> => {
    const key = series.layer ?? series.label;
    const color = colorOf.get(key) ?? theme.foreground;
    const dashes = dashedSoFar.get(key) ?? 0;
    if (series.dashed) dashedSoFar.set(key, dashes + 1);
    return {
      label: series.label,
      data: [...series.x].map((x, index) => ({ x, y: series.y[index] ?? NaN })),
      borderColor: color,
      backgroundColor: color,
      borderWidth: series.dashed ? 1.5 : 2,
      borderDash: series.dashed ? (DASHES[dashes % DASHES.length] ?? []) : [],
      pointRadius: series.x.length <= POINTS_SHOWN_UP_TO && !series.dashed ? POINT_PX : 0,
      pointStyle: POINTS[series.layer === undefined ? index % POINTS.length : 0] ?? 'circle',
      pointHitRadius: 8,
    };
  });
  return {
    type: 'line',
    data: { datasets },
    options: {
      ...options,
      interaction: { mode: 'nearest', intersect: false, axis: 'xy' },
      scales: {
        x:
          curve.xSpread === 'logarithmic'
            ? { ...xAxis, type: 'logarithmic', bounds: 'data', afterBuildTicks: (scale) => tickAtPoints(scale, curve) }
            : { type: 'linear', bounds: 'data', ...xAxis, ticks: { ...xAxis.ticks, ...whole, includeBounds: false } },
        y:
          curve.spread === 'logarithmic'
            ? { type: 'logarithmic', ...axis(theme, [curve.yLabel, '(logarithmic)'], curve.format) }
            : { ...axis(theme, curve.yLabel, curve.format), beginAtZero: true },
      },
      plugins: {
        ...options.plugins,
        legend: { ...options.plugins?.legend, display: datasets.length > 1 && datasets.length <= 2 * MOST_LINES },
        tooltip: {
          ...options.plugins?.tooltip,
          callbacks: {
            title: ([item]) =>
              item === undefined
                ? ''
                : `${curve.xLabel} ${formatQuantity(curve.xFormat ?? 'number', Number(item.parsed.x))}`,
            label: (item) => `${item.dataset.label ?? ''}: ${formatQuantity(curve.format, Number(item.parsed.y))}`,
          },
        },
      },
    },
  };
}

/** Few points, each twice as far as the one before: every one has its number. */
function tickAtPoints(scale: Scale, { series }: Curve): void {
  scale.ticks = [...new Set(series.flatMap(({ x }) => [...x]))].sort((a, b) => a - b).map((value) => ({ value }));
}

function curveTable(curve: Curve): TextTable {
  return {
    header: ['line', curve.xLabel, curve.yLabel],
    rows: curve.series.flatMap((series) =>
      [...series.x].map((x, index) => [series.label, formatExact(x), formatExact(series.y[index] ?? NaN)]),
    ),
  };
}
