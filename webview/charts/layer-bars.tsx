/** One bar per layer, in the order of the network. */
import type { ChartConfiguration } from 'chart.js';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { LayerMetric, LayerSummary } from '../../src/core/passes/result.js';
import { Select } from '../controls/select.js';
import { formatExact, formatQuantity } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { selectLayer, selection } from '../state/selection.js';
import type { Theme } from '../theme/theme.js';
import { axis, baseOptions } from './chart.js';
import { ChartCanvas } from './chart-canvas.js';
import { ChartFrame } from './chart-frame.js';

/** Above this, bars stand and names are shown only where there is room. */
const MOST_LYING_BARS = 40;
const BAR_PX = 22;
const STANDING_HEIGHT_PX = 300;
const LONGEST_NAME = 34;

interface LayerBarsProps {
  readonly metric: LayerMetric;
  readonly metrics: readonly LayerMetric[];
  readonly onMetric: (id: string) => void;
  readonly layers: readonly LayerSummary[];
  readonly foot: string;
}

export function LayerBars({ metric, metrics, onMetric, layers, foot }: LayerBarsProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const measured = layers.filter((layer) => metric.values[layer.value] !== undefined);
  const lying = measured.length <= MOST_LYING_BARS;
  const selected = selection.value.layer;
  return (
    <ChartFrame
      title={`${metric.label} by layer`}
      definition={metric.definition}
      foot={foot}
      canvas={canvas}
      table={() => barTable(metric, measured)}
      controls={
        metrics.length > 1 && (
          <Select
            label="Measure"
            hideLabel
            value={metric.id}
            choices={metrics.map(({ id, label }) => ({ value: id, label }))}
            onChange={onMetric}
          />
        )
      }
    >
      <ChartCanvas
        label={`${metric.label} of ${measured.length} layers`}
        configure={(theme) => configure(metric, measured, lying, selected, theme)}
        dependencies={[metric, layers, selected]}
        heightPx={lying ? measured.length * BAR_PX + 50 : STANDING_HEIGHT_PX}
        canvas={canvas}
      />
    </ChartFrame>
  );
}

function configure(
  metric: LayerMetric,
  layers: readonly LayerSummary[],
  lying: boolean,
  selected: string | undefined,
  theme: Theme,
): ChartConfiguration {
  const options = baseOptions(theme);
  const values = { ...axis(theme, metric.label, metric.format), beginAtZero: true };
  const names = {
    ...axis(theme),
    grid: { display: false },
    ticks: { ...axis(theme).ticks, autoSkip: !lying, color: theme.foreground },
  };
  return {
    type: 'bar',
    data: {
      labels: layers.map(({ label }) => (label.length > LONGEST_NAME ? `…${label.slice(1 - LONGEST_NAME)}` : label)),
      datasets: [
        {
          data: layers.map(({ value }) => metric.values[value] ?? NaN),
          backgroundColor: layers.map(({ value }) => (value === selected ? theme.series[1] : theme.series[0])),
          borderColor: theme.highContrast ? theme.border : undefined,
          borderWidth: theme.highContrast ? 1 : 0,
          barPercentage: 0.86,
          categoryPercentage: 0.9,
        },
      ],
    },
    options: {
      ...options,
      indexAxis: lying ? 'y' : 'x',
      interaction: { mode: 'index', intersect: false, axis: lying ? 'y' : 'x' },
      scales: lying ? { x: values, y: names } : { x: names, y: values },
      onClick: (_event, [bar]) => {
        const layer = bar && layers[bar.index];
        if (layer) selectLayer(layer.value);
      },
      plugins: {
        ...options.plugins,
        tooltip: {
          ...options.plugins?.tooltip,
          displayColors: false,
          callbacks: {
            title: ([item]) => (item && layers[item.dataIndex]?.label) ?? '',
            label: (item) => `${metric.label}: ${formatQuantity(metric.format, Number(item.raw))}`,
          },
        },
      },
    },
  };
}

function barTable(metric: LayerMetric, layers: readonly LayerSummary[]): TextTable {
  return {
    header: ['layer', metric.label],
    rows: layers.map(({ label, value }) => [label, formatExact(metric.values[value] ?? NaN)]),
  };
}
