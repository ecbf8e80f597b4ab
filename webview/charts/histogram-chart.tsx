/** The histogram of a unit or layer: exact zeros apart, since one bar of them would flatten all others. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { HistogramView } from '../../src/protocol/inspection.js';
import { formatCount, formatExact, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { binBars } from './bin-bars.js';
import { ChartCanvas } from './chart-canvas.js';
import { ChartFrame } from './chart-frame.js';

const HEIGHT_PX = 170;
const EVEN_WITHIN = 0.01;

interface HistogramChartProps {
  readonly title: string;
  readonly histogram: HistogramView;
  readonly foot: string;
}

export function HistogramChart({ title, histogram, foot }: HistogramChartProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { counts, zeros, nonFinite, counted, total, edges } = histogram;
  const even = hasEvenBuckets(edges);
  return (
    <ChartFrame
      title={title}
      definition="How often which activation occurred. Exact zeros are counted apart, above the bars."
      foot={foot}
      canvas={canvas}
      table={() => histogramTable(histogram)}
    >
      <ZeroBar zeros={zeros} counted={counted} />
      {counts.length > 0 && (
        <ChartCanvas
          label={`${title}: ${counts.length} buckets from ${formatNumber(edges[0] ?? 0)} to ${formatNumber(edges.at(-1) ?? 0)}`}
          configure={(theme) => binBars({ edges, counts, along: 'activation', counted: 'values' }, theme)}
          dependencies={[histogram]}
          heightPx={HEIGHT_PX}
          canvas={canvas}
        />
      )}
      <p class="note">
        {counted < total
          ? `${formatCount(counted)} of ${formatCount(total)} values, taken on a regular grid.`
          : `${formatCount(total)} values.`}
        {!even && ' Buckets grow with the size of the value.'}
        {nonFinite > 0 && ` ${formatCount(nonFinite)} values are NaN or infinite and are not drawn.`}
      </p>
    </ChartFrame>
  );
}

function ZeroBar({ zeros, counted }: { zeros: number; counted: number }): JSX.Element {
  const share = counted > 0 ? zeros / counted : NaN;
  return (
    <div class="zero-bar" role="img" aria-label={`Exactly zero: ${formatShare(share)}`}>
      <div class="zero-bar-track">
        <div class="zero-bar-fill" style={{ width: `${Number.isNaN(share) ? 0 : share * 100}%` }} />
      </div>
      <span>
        <strong>{formatShare(share)}</strong> exactly zero
      </span>
    </div>
  );
}

function histogramTable({ edges, counts, zeros, nonFinite }: HistogramView): TextTable {
  return {
    header: ['from', 'to', 'values'],
    rows: [
      ['0', '0', String(zeros)],
      ...counts.map((count, index) => [
        formatExact(edges[index] ?? NaN),
        formatExact(edges[index + 1] ?? NaN),
        String(count),
      ]),
      ...(nonFinite > 0 ? [['NaN or infinite', '', String(nonFinite)]] : []),
    ],
  };
}

function hasEvenBuckets(edges: readonly number[]): boolean {
  const width = ((edges.at(-1) ?? 0) - (edges[0] ?? 0)) / (edges.length - 1);
  return edges.every(
    (edge, index) => index === 0 || Math.abs(edge - (edges[index - 1] ?? 0) - width) <= EVEN_WITHIN * width,
  );
}
