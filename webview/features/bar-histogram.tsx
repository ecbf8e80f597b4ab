/** Counts over bins as bars, with the same as a table. */
import type { ChartConfiguration, ChartOptions } from 'chart.js';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { axis, baseOptions } from '../charts/chart.js';
import { ChartCanvas } from '../charts/chart-canvas.js';
import { ChartFrame } from '../charts/chart-frame.js';
import { formatCount, formatExact, formatNumber } from '../format/numbers.js';
import type { Theme } from '../theme/theme.js';

const HEIGHT_PX = 150;

interface BarHistogramProps {
  readonly title: string;
  readonly definition: string;
  readonly foot: string;
  /** Bin i holds counts[i], from edges[i] to edges[i + 1]. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** What lies along the axis, and what is counted: "activation", "tokens". */
  readonly along: string;
  readonly counted: string;
  /** An edge as text; a number where nothing is said. */
  readonly edgeText?: (edge: number) => string;
}

export function BarHistogram(props: BarHistogramProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { title, definition, foot, edges, counts, counted, edgeText = formatNumber } = props;
  return (
    <ChartFrame
      title={title}
      definition={definition}
      foot={foot}
      canvas={canvas}
      table={() => ({
        header: ['from', 'to', counted],
        rows: counts.map((count, bin) => [
          formatExact(edges[bin] ?? NaN),
          formatExact(edges[bin + 1] ?? NaN),
          String(count),
        ]),
      })}
    >
      <ChartCanvas
        label={`${title}: ${counts.length} bins from ${edgeText(edges[0] ?? NaN)} to ${edgeText(edges.at(-1) ?? NaN)}`}
        configure={(theme) => configure(props, theme)}
        dependencies={[edges, counts]}
        heightPx={HEIGHT_PX}
        canvas={canvas}
      />
    </ChartFrame>
  );
}

function configure(props: BarHistogramProps, theme: Theme): ChartConfiguration<'bar'> {
  const { edges, counts, along, counted, edgeText = formatNumber } = props;
  const options = baseOptions(theme) as ChartOptions<'bar'>;
  const countAxis = axis(theme, counted, 'count');
  return {
    type: 'bar',
    data: {
      labels: counts.map((_, bin) => edgeText(edges[bin] ?? NaN)),
      datasets: [
        {
          label: counted,
          data: [...counts],
          backgroundColor: theme.series[0],
          borderColor: theme.highContrast ? theme.border : undefined,
          borderWidth: theme.highContrast ? 1 : 0,
          barPercentage: 1,
          categoryPercentage: 0.94,
        },
      ],
    },
    options: {
      ...options,
      scales: {
        x: {
          ...axis(theme, along),
          grid: { display: false },
          ticks: { ...axis(theme).ticks, maxRotation: 0, autoSkipPadding: 16 },
        },
        y: { ...countAxis, ticks: { ...countAxis.ticks, precision: 0 }, beginAtZero: true },
      },
      plugins: {
        ...options.plugins,
        tooltip: {
          ...options.plugins?.tooltip,
          displayColors: false,
          callbacks: {
            title: ([item]) =>
              item === undefined
                ? ''
                : `${along} ${edgeText(edges[item.dataIndex] ?? NaN)} to ${edgeText(edges[item.dataIndex + 1] ?? NaN)}`,
            label: (item) => `${formatCount(Number(item.raw))} ${counted}`,
          },
        },
      },
    },
  };
}
