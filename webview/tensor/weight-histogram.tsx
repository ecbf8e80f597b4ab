/** How often which value is stored: by value, or by size with both signs apart. */
import type { ChartConfiguration, ChartDataset, ChartOptions } from 'chart.js';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { TensorStatistics } from '../../src/core/weights/statistics.js';
import { axis, baseOptions } from '../charts/chart.js';
import { ChartCanvas } from '../charts/chart-canvas.js';
import { ChartFrame } from '../charts/chart-frame.js';
import { Checkbox } from '../controls/fields.js';
import { Tabs } from '../controls/tabs.js';
import { formatCount, formatExact, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { ui } from '../state/interface-state.js';
import { openedModel } from '../state/session.js';
import type { Theme } from '../theme/theme.js';

const HEIGHT_PX = 170;

interface Bars {
  readonly edges: Float64Array;
  readonly series: readonly { readonly label: string; readonly counts: Float64Array }[];
  readonly xLabel: string;
}

export function WeightHistogram({ name, statistics }: { name: string; statistics: TensorStatistics }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const kind = ui.weightHistogram.value;
  const logarithmic = ui.logarithmicCounts.value;
  const bars = barsOf(kind, statistics);
  const { count, finite, zeros } = statistics;
  return (
    <ChartFrame
      title="Histogram"
      definition={
        kind === 'values'
          ? 'How many values lie in each of 128 equally wide ranges from the smallest to the largest; the last range holds its upper end too.'
          : 'How many values have a size in each range; a range ends at 2^¼ times where it begins. Negative and positive values are counted apart, zeros in neither.'
      }
      foot={`${openedModel.value?.overview.fileName ?? ''}, ${name}`}
      canvas={canvas}
      table={() => tableOf(bars)}
    >
      <div class="picture-tools">
        <Tabs
          label="Histogram of"
          kind="segments"
          tabs={[
            { name: 'values', label: 'Values' },
            { name: 'magnitudes', label: 'Sizes (logarithmic)' },
          ]}
          active={kind}
          onChange={(next) => (ui.weightHistogram.value = next)}
        />
        <Checkbox checked={logarithmic} onChange={(next) => (ui.logarithmicCounts.value = next)}>
          Logarithmic counts
        </Checkbox>
      </div>
      {bars.edges.length > 1 && (
        <ChartCanvas
          label={`Histogram of ${name}: from ${formatNumber(bars.edges[0] ?? 0)} to ${formatNumber(bars.edges.at(-1) ?? 0)}`}
          configure={(theme) => configure(bars, logarithmic, theme)}
          dependencies={[statistics, kind, logarithmic]}
          heightPx={HEIGHT_PX}
          canvas={canvas}
        />
      )}
      <p class="note">
        {formatCount(count)} values, {formatShare(zeros / count)} exactly zero.
        {finite < count && ` ${formatCount(count - finite)} are NaN or infinite and are not drawn.`}
      </p>
    </ChartFrame>
  );
}

function barsOf(kind: 'values' | 'magnitudes', { histogram, magnitudes }: TensorStatistics): Bars {
  if (kind === 'values') {
    return { edges: histogram.edges, series: [{ label: 'values', counts: histogram.counts }], xLabel: 'value' };
  }
  const { edges, negative, positive } = magnitudes;
  return {
    edges,
    series: [
      { label: 'positive', counts: positive },
      { label: 'negative', counts: negative },
    ],
    xLabel: 'size (absolute value)',
  };
}

function configure({ edges, series, xLabel }: Bars, logarithmic: boolean, theme: Theme): ChartConfiguration<'bar'> {
  const options = baseOptions(theme) as ChartOptions<'bar'>;
  const bins = edges.length - 1;
  const whole = axis(theme, 'values', 'count');
  const countAxis = { ...whole, ticks: { ...whole.ticks, precision: 0 } };
  return {
    type: 'bar',
    data: {
      labels: Array.from({ length: bins }, (_, bin) => formatNumber(edges[bin] ?? NaN)),
      datasets: series.map(({ label, counts }, index): ChartDataset<'bar'> => ({
        label,
        data: [...counts],
        backgroundColor: theme.series[index],
        borderColor: theme.highContrast ? theme.border : undefined,
        borderWidth: theme.highContrast ? 1 : 0,
        barPercentage: 1,
        categoryPercentage: 1,
      })),
    },
    options: {
      ...options,
      scales: {
        x: {
          ...axis(theme, xLabel),
          stacked: !logarithmic,
          grid: { display: false },
          ticks: { ...axis(theme).ticks, maxRotation: 0, autoSkipPadding: 16 },
        },
        y: logarithmic
          ? { ...countAxis, type: 'logarithmic', min: 0.8 }
          : { ...countAxis, stacked: true, beginAtZero: true },
      },
      plugins: {
        ...options.plugins,
        legend: { ...options.plugins?.legend, display: series.length > 1 },
        tooltip: {
          ...options.plugins?.tooltip,
          displayColors: series.length > 1,
          callbacks: {
            title: ([item]) =>
              item === undefined
                ? ''
                : `${formatNumber(edges[item.dataIndex] ?? NaN)} to ${formatNumber(edges[item.dataIndex + 1] ?? NaN)}`,
            label: (item) =>
              `${formatCount(Number(item.raw))} ${item.dataset.label === 'values' ? '' : `${item.dataset.label ?? ''} `}values`,
          },
        },
      },
    },
  };
}

function tableOf({ edges, series }: Bars): TextTable {
  return {
    header: ['from', 'to', ...series.map(({ label }) => label)],
    rows: Array.from({ length: Math.max(0, edges.length - 1) }, (_, bin) => [
      formatExact(edges[bin] ?? NaN),
      formatExact(edges[bin + 1] ?? NaN),
      ...series.map(({ counts }) => String(counts[bin] ?? 0)),
    ]),
  };
}
