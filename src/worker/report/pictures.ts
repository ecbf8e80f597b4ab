/** The report's pictures: PNG for dense cells, SVG for everything with text. */
import { encode } from 'fast-png';
import { colorAt, colormap, cssColor, fraction, textOn, type Domain, type Scale } from '../../core/picture/colormap.js';
import type { GraphPicture } from '../../protocol/model.js';
import type { HistogramView } from '../../protocol/inspection.js';
import { html, type Markup } from './markup.js';

/** Smallest and largest finite value; symmetric around 0 for diverging quantities; shares run from 0 to 1. */
export function domainOf(values: Iterable<number>, scale: Scale, format: string): Domain {
  if (format === 'share') return [0, 1];
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const extent = Math.max(Math.abs(low), Math.abs(high));
  return scale === 'diverging' ? [-extent, extent] : [Math.min(0, low), high];
}

/** From the least to the largest finite value. */
export function reach(values: readonly number[]): Domain {
  const [low, high] = values
    .filter(Number.isFinite)
    .reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  return low < high ? [low, high] : domainOf(values, 'sequential', 'number');
}

/** Cells as a PNG of one pixel each, enlarged by the page; NaN is transparent. @param values row-major [height, width] */
export function cellsPng(
  { width, height, values }: { readonly width: number; readonly height: number; readonly values: Float32Array },
  domain: Domain,
  scale: Scale,
): Uint8Array {
  const map = colormap(scale, false);
  const data = new Uint8Array(values.length * 4);
  values.forEach((value, cell) => {
    if (Number.isNaN(value)) return;
    data.set([...colorAt(map, fraction(value, domain)), 255], cell * 4);
  });
  return encode({ width, height, data, channels: 4 });
}

export function legend(domain: Domain, scale: Scale, label: string, show: (value: number) => string): Markup {
  const map = colormap(scale, false);
  const stops = Array.from({ length: 9 }, (_, index) => cssColor(colorAt(map, index / 8)));
  return html`<div class="legend">
    <span>${label}: ${show(domain[0])}</span><i style="background:linear-gradient(90deg,${stops.join(',')})"></i
    ><span>${show(domain[1])}</span>
  </div>`;
}

/** The collapsed graph, each box coloured by `values` of its layers (mean over them); boxes without a value stay plain. */
export function graphSvg(
  picture: GraphPicture,
  values: Readonly<Record<string, number>>,
  domain: Domain,
  scale: Scale,
  show: (value: number) => string,
): Markup {
  const map = colormap(scale, false);
  const boxes = picture.items.map((item) => {
    const [x, y, width, height] = item.box;
    const known = item.layers
      .map((layer) => values[layer])
      .filter((value) => value !== undefined && Number.isFinite(value)) as number[];
    const mean =
      known.length === 0 || item.expanded ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
    const fill = mean === undefined ? undefined : colorAt(map, fraction(mean, domain));
    const characters = Math.max(3, Math.floor((width - 12) / 6.4));
    const style = fill === undefined ? '' : `fill:${cssColor(fill)}`;
    const ink = fill === undefined ? '' : `fill:${textOn(fill)}`;
    const caption = mean === undefined ? item.caption : `${item.caption} · ${show(mean)}`;
    return html`<g
      ><title>${item.label} (${caption})</title
      ><rect
        x="${x}"
        y="${y}"
        width="${width}"
        height="${height}"
        rx="4"
        class="${item.expanded ? 'open' : item.kind}"
        style="${style}"
      /><text x="${x + 6}" y="${y + (item.expanded ? 13 : Math.min(17, height / 2))}" style="${ink}"
        >${shorten(item.label, characters)}</text
      >${item.expanded ? undefined : html`<text x="${x + 6}" y="${y + Math.min(32, height - 5)}" class="caption" style="${ink}">${shorten(caption, characters)}</text>`}</g
    >`;
  });
  const lines = picture.edges.map(({ points }) => {
    const pairs = Array.from(
      { length: points.length / 2 },
      (_, index) => `${points[2 * index]},${points[2 * index + 1]}`,
    );
    return html`<polyline points="${pairs.join(' ')}" marker-end="url(#arrow)" />`;
  });
  const width = Math.ceil(picture.width);
  const height = Math.ceil(picture.height);
  return html`<svg
    class="graph"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    role="img"
    aria-label="Graph of the model"
  >
    <defs>
      <marker id="arrow" viewBox="0 0 6 6" refX="5.5" refY="3" markerWidth="5" markerHeight="5" orient="auto">
        <path d="M0 0L6 3L0 6z" />
      </marker>
    </defs>
    ${lines}${boxes}
  </svg>`;
}

export function shorten(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, Math.max(1, characters - 1))}…`;
}

const CHART_WIDTH = 320;
const CHART_HEIGHT = 90;

/** Bars of a histogram; zeros are told in words beside it, since they would dwarf the rest. */
export function histogramSvg({ edges, counts }: HistogramView, show: (value: number) => string): Markup {
  const low = edges[0];
  const high = edges.at(-1);
  if (low === undefined || high === undefined) return html`<p class="note">Only zeros.</p>`;
  const most = counts.reduce((largest, count) => Math.max(largest, count), 1);
  const x = (value: number): number => ((value - low) / (high - low)) * CHART_WIDTH;
  const bars = counts.map((count, index) => {
    const left = x(edges[index] as number);
    const width = x(edges[index + 1] as number) - left;
    const height = (count / most) * CHART_HEIGHT;
    return html`<rect
      x="${left.toFixed(1)}"
      y="${(CHART_HEIGHT - height).toFixed(1)}"
      width="${Math.max(0.5, width - 1).toFixed(1)}"
      height="${height.toFixed(1)}"
      ><title>
        ${show(edges[index] as number)} to ${show(edges[index + 1] as number)}: ${count.toLocaleString('en-US')} values
      </title></rect
    >`;
  });
  return html`<svg
    class="histogram"
    viewBox="0 0 ${CHART_WIDTH} ${CHART_HEIGHT + 14}"
    width="${CHART_WIDTH}"
    height="${CHART_HEIGHT + 14}"
    role="img"
    aria-label="Histogram of activations"
  >
    ${bars}
    <text x="0" y="${CHART_HEIGHT + 12}">${show(low)}</text>
    <text x="${CHART_WIDTH}" y="${CHART_HEIGHT + 12}" text-anchor="end">${show(high)}</text>
  </svg>`;
}
