/** Counts over bins as bars: what all histograms share. */
import type { ChartConfiguration, ChartOptions } from 'chart.js';
import { formatCount, formatNumber } from '../format/numbers.js';
import type { Theme } from '../theme/theme.js';
import { axis, baseOptions } from './chart.js';

/** With more bars than this no gap is left between them. */
const MOST_WITH_GAPS = 60;

export interface Bins {
  /** Bin i holds counts[i], from edges[i] to edges[i + 1]. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** What lies along the axis, and what is counted: "activation", "tokens". */
  readonly along: string;
  readonly counted: string;
  /** An edge as text; a number where nothing is said. */
  readonly edgeText?: (edge: number) => string;
}

export function binBars(bins: Bins, theme: Theme): ChartConfiguration<'bar'> {
  const { edges, counts, along, counted, edgeText = formatNumber } = bins;
  const options = baseOptions(theme) as ChartOptions<'bar'>;
  const countAxis = axis(theme, counted, 'count');
  const edge = (index: number): string => edgeText(edges[index] ?? NaN);
  return {
    type: 'bar',
    data: {
      labels: counts.map((_, bin) => edge(bin)),
      datasets: [
        {
          label: counted,
          data: [...counts],
          backgroundColor: theme.series[0],
          borderColor: theme.highContrast ? theme.border : undefined,
          borderWidth: theme.highContrast ? 1 : 0,
          barPercentage: 1,
          categoryPercentage: counts.length > MOST_WITH_GAPS ? 1 : 0.94,
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
              item === undefined ? '' : `${along} ${edge(item.dataIndex)} to ${edge(item.dataIndex + 1)}`,
            label: (item) => `${formatCount(Number(item.raw))} ${counted}`,
          },
        },
      },
    },
  };
}
