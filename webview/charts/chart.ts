/** chart.js with only the parts in use, and how its charts take the theme's colours. */
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
  type ChartOptions,
} from 'chart.js';
import type { Quantity } from '../../src/core/passes/result.js';
import { formatQuantity } from '../format/numbers.js';
import type { Theme } from '../theme/theme.js';

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
);

export { Chart };

/** What all charts share: fonts, grid, tooltip, no animation. */
export function baseOptions(theme: Theme): ChartOptions {
  return {
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    color: theme.foreground,
    font: { family: theme.fontFamily, size: 12 },
    interaction: { mode: 'index', intersect: false },
    plugins: {
      legend: {
        display: false,
        position: 'bottom',
        labels: {
          color: theme.foreground,
          usePointStyle: true,
          pointStyle: 'line',
          pointStyleWidth: 26,
          // Keys drawn as points know nothing of the dashes of their lines.
          generateLabels: (chart) =>
            Chart.defaults.plugins.legend.labels.generateLabels(chart).map((key) => {
              const dash = chart.data.datasets[key.datasetIndex ?? -1] as { borderDash?: number[] } | undefined;
              return { ...key, lineDash: dash?.borderDash ?? [] };
            }),
          font: { family: theme.fontFamily, size: 12 },
        },
      },
      tooltip: {
        backgroundColor: theme.raised,
        borderColor: theme.border,
        borderWidth: 1,
        titleColor: theme.foreground,
        bodyColor: theme.foreground,
        titleFont: { family: theme.fontFamily, size: 12 },
        bodyFont: { family: theme.fontFamily, size: 12 },
        padding: 8,
        boxWidth: 10,
        boxHeight: 10,
      },
    },
  };
}

/** Axis settings shared by all scales. @param title a line, or several: one that is longer than its axis is cut off. */
export function axis(theme: Theme, title?: string | string[], format?: Quantity['format']) {
  return {
    border: { color: theme.border },
    grid: { color: theme.grid },
    title: {
      display: title !== undefined,
      text: title ?? '',
      color: theme.muted,
      font: { family: theme.fontFamily, size: 11 },
    },
    ticks: {
      color: theme.muted,
      font: { family: theme.fontFamily, size: 11 },
      ...(format === undefined
        ? {}
        : { callback: (value: number | string) => formatQuantity(format, Number(value)), maxTicksLimit: 8 }),
    },
  };
}
