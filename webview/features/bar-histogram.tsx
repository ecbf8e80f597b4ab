/** Counts over bins as bars, with the same as a table. */
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { binBars, type Bins } from '../charts/bin-bars.js';
import { ChartCanvas } from '../charts/chart-canvas.js';
import { ChartFrame } from '../charts/chart-frame.js';
import { formatExact, formatNumber } from '../format/numbers.js';

const HEIGHT_PX = 150;

interface BarHistogramProps extends Bins {
  readonly title: string;
  readonly definition: string;
  readonly foot: string;
  /** What to mind about the numbers, under the picture. */
  readonly mind?: ComponentChildren;
}

export function BarHistogram(props: BarHistogramProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { title, definition, foot, mind, edges, counts, counted, edgeText = formatNumber } = props;
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
        configure={(theme) => binBars(props, theme)}
        dependencies={[edges, counts]}
        heightPx={HEIGHT_PX}
        canvas={canvas}
      />
      {mind}
    </ChartFrame>
  );
}
