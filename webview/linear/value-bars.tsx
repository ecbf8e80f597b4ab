/** Signed bars: one group per row (layer, feature, position), one bar per series (class, input). */
import type { ChartConfiguration } from 'chart.js';
import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { axis, baseOptions } from '../charts/chart.js';
import { ChartCanvas } from '../charts/chart-canvas.js';
import { ChartFrame } from '../charts/chart-frame.js';
import { TextButton } from '../controls/button.js';
import { formatCount, formatExact, formatReading } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { save } from '../state/exports.js';
import type { Theme } from '../theme/theme.js';
import { npyFile, type SavedNumbers } from './map/save-menu.js';

/** Above this, bars stand and names are shown only where there is room. */
const MOST_LYING_BARS = 60;
const BAR_PX = 16;
const GROUP_GAP_PX = 8;
const STANDING_HEIGHT_PX = 300;
const LONGEST_NAME = 34;
/** More cannot be told apart. */
const MOST_ROWS = 240;

export interface Series {
  readonly label: string;
  readonly values: ArrayLike<number>;
}

interface ValueBarsProps {
  readonly title: string;
  readonly definition?: string;
  readonly foot: string;
  /** What a row is: "layer". */
  readonly row: string;
  readonly rows: readonly string[];
  readonly series: readonly Series[];
  /** What the axis counts. */
  readonly valueLabel?: string;
  /** Told of the row that a person clicked. */
  readonly onChoose?: (row: number) => void;
  /** Saved as a NumPy array too. */
  readonly saved?: SavedNumbers;
  readonly controls?: ComponentChildren;
  /** Bars stand, however few they are: bins of a count. */
  readonly standing?: boolean;
}

export function ValueBars(props: ValueBarsProps): JSX.Element {
  const {
    title,
    definition,
    foot,
    row,
    rows,
    series,
    valueLabel = 'value',
    onChoose,
    saved,
    controls,
    standing = false,
  } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useMemo(() => strongestRows(rows.length, series), [rows, series]);
  const bars = shown.length * series.length;
  const lying = !standing && bars <= MOST_LYING_BARS;
  return (
    <ChartFrame
      title={title}
      definition={definition}
      foot={foot}
      canvas={canvas}
      table={() => barTable(row, rows, series)}
      controls={
        <>
          {controls}
          {saved && (
            <TextButton title="Save the numbers as a NumPy array" onClick={() => void save(npyFile(saved))}>
              .npy
            </TextButton>
          )}
        </>
      }
    >
      <ChartCanvas
        label={`${title}: ${series.length} bars for each of ${shown.length} rows`}
        configure={(theme) => configure({ rows, series, shown, lying, valueLabel, onChoose }, theme)}
        dependencies={[rows, series]}
        heightPx={lying ? bars * BAR_PX + shown.length * GROUP_GAP_PX + 60 : STANDING_HEIGHT_PX}
        canvas={canvas}
      />
      {shown.length < rows.length && (
        <p class="note">
          The {formatCount(shown.length)} strongest of {formatCount(rows.length)}; the table holds all of them.
        </p>
      )}
    </ChartFrame>
  );
}

/** All rows, or those with the largest |value|, in their own order. */
function strongestRows(count: number, series: readonly Series[]): readonly number[] {
  const all = Array.from({ length: count }, (_, index) => index);
  if (count <= MOST_ROWS) return all;
  const size = (index: number): number => Math.max(...series.map(({ values }) => Math.abs(values[index] ?? 0)));
  const sizes = all.map(size);
  return all
    .toSorted((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0))
    .slice(0, MOST_ROWS)
    .sort((a, b) => a - b);
}

interface Bars extends Pick<ValueBarsProps, 'rows' | 'series' | 'onChoose'> {
  readonly shown: readonly number[];
  readonly lying: boolean;
  readonly valueLabel: string;
}

function configure({ rows, series, shown, lying, valueLabel, onChoose }: Bars, theme: Theme): ChartConfiguration {
  const options = baseOptions(theme);
  const values = { ...axis(theme, valueLabel, 'number'), beginAtZero: true };
  const names = {
    ...axis(theme),
    grid: { display: false },
    ticks: { ...axis(theme).ticks, autoSkip: !lying, color: theme.foreground },
  };
  const name = (index: number): string => rows[index] ?? '';
  return {
    type: 'bar',
    data: {
      labels: shown.map((index) => shortened(name(index))),
      datasets: series.map(({ label, values: of }, position) => {
        const color = theme.series[position % theme.series.length] ?? theme.foreground;
        // Colours repeat after the first round: those bars have an outline.
        const outlined = theme.highContrast || position >= theme.series.length;
        return {
          label,
          data: shown.map((index) => of[index] ?? NaN),
          backgroundColor: color,
          hoverBackgroundColor: color,
          borderColor: outlined ? theme.foreground : color,
          borderWidth: outlined ? 1 : 0,
          barPercentage: 0.9,
          categoryPercentage: 0.86,
        };
      }),
    },
    options: {
      ...options,
      indexAxis: lying ? 'y' : 'x',
      interaction: { mode: 'index', intersect: false, axis: lying ? 'y' : 'x' },
      scales: lying ? { x: values, y: names } : { x: names, y: values },
      onClick: (_event, [bar]) => {
        const index = bar && shown[bar.index];
        if (index !== undefined) onChoose?.(index);
      },
      plugins: {
        ...options.plugins,
        legend: {
          ...options.plugins?.legend,
          display: series.length > 1,
          position: 'top',
          align: 'start',
          labels: { ...options.plugins?.legend?.labels, pointStyle: 'rect', pointStyleWidth: 12 },
        },
        tooltip: {
          ...options.plugins?.tooltip,
          callbacks: {
            title: ([item]) => (item === undefined ? '' : name(shown[item.dataIndex] ?? -1)),
            label: (item) => `${item.dataset.label ?? ''}: ${formatReading('number', Number(item.raw))}`,
          },
        },
      },
    },
  };
}

/** The end of a layer's name tells it from others. */
function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `…${name.slice(1 - LONGEST_NAME)}` : name;
}

function barTable(row: string, rows: readonly string[], series: readonly Series[]): TextTable {
  return {
    header: [row, ...series.map(({ label }) => label)],
    rows: rows.map((name, index) => [name, ...series.map(({ values }) => formatExact(values[index] ?? NaN))]),
  };
}
