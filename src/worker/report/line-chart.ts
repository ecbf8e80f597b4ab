/** Lines over a common axis, as a picture of the report. */
import { fraction, type Domain } from '../../core/picture/colormap.js';
import { html, type Markup } from './markup.js';
import { domainOf, reach } from './pictures.js';

const LINE_COLORS = ['#3b6fb6', '#c46a1b', '#2f8f5b', '#8a4fa3', '#b23a48', '#5b7083', '#9c8a00', '#1f9aa8'];
const [WIDTH, HEIGHT] = [520, 180];
/** Room for the label above, and the numbers to the right and below. */
const [ABOVE, RIGHT, BELOW] = [22, 74, 22];
/** Steps between the numbers of an axis that is not logarithmic; powers of ten that one that is shows at most. */
const STEPS = 4;
const MOST_POWERS = 6;
const ROUNDING = 1e-6;
/** A line of so few points shows them: one point alone is no line. */
const POINTS_SHOWN_UP_TO = 24;

export function lineChartSvg(
  series: readonly {
    readonly label: string;
    readonly x: Float32Array;
    readonly y: Float32Array;
    readonly dashed?: boolean;
  }[],
  {
    xLabel,
    yLabel,
    showX,
    showY: show,
    xSpread,
    spread,
  }: {
    readonly xLabel: string;
    readonly yLabel: string;
    readonly showX: (value: number) => string;
    readonly showY: (value: number) => string;
    readonly xSpread?: 'logarithmic';
    readonly spread?: 'logarithmic';
  },
): Markup {
  const ends = series.flatMap(({ x }) => Array.from(x));
  const isLogarithmicX = xSpread === 'logarithmic' && new Set(ends).size > 1;
  const across = (x: number): number => (isLogarithmicX ? Math.log10(x) : x);
  const domainX = isLogarithmicX ? reach(ends) : domainOf(ends, 'sequential', 'number');
  const placesX = [across(domainX[0]), across(domainX[1])] as const;
  const isLogarithmic = spread === 'logarithmic';
  const heights = series.map(({ y }) => Array.from(y, (value) => (isLogarithmic ? Math.log10(value) : value)));
  const domainY = isLogarithmic ? reach(heights.flat()) : domainOf(heights.flat(), 'sequential', 'number');
  const showY = (place: number): string => show(isLogarithmic ? 10 ** place : place);
  const down = (place: number): string => ((1 - fraction(place, domainY)) * HEIGHT).toFixed(1);
  const lines = series.map(({ label, x, dashed }, index) => {
    const points = Array.from(x).flatMap((value, at) => {
      const place = heights[index]?.[at] ?? NaN;
      if (!Number.isFinite(place)) return [];
      return [[(fraction(across(value), placesX) * WIDTH).toFixed(1), down(place)] as const];
    });
    const color = LINE_COLORS[index % LINE_COLORS.length];
    const dots = dashed || points.length > POINTS_SHOWN_UP_TO ? [] : points;
    return html`<polyline
        points="${points.map((point) => point.join(',')).join(' ')}"
        style="stroke:${color}"
        class="${dashed ? 'dashed' : ''}"
        ><title>${label}</title></polyline
      >${dots.map(([cx, cy]) => html`<circle cx="${cx}" cy="${cy}" r="2.2" style="fill:${color}"><title>${label}</title></circle>`)}`;
  });
  const keys = series.map(
    ({ label, dashed }, index) =>
      html`<li style="color:${LINE_COLORS[index % LINE_COLORS.length]}">
        ${dashed ? '╌╌' : '━━'} <span>${label}</span>
      </li>`,
  );
  const numbers = ticks(domainY, isLogarithmic).map(
    (place) =>
      html`<path d="M0 ${down(place)}H${WIDTH}" class="grid" />
        <text x="${WIDTH + 4}" y="${Number(down(place)) + 4}">${showY(place)}</text>`,
  );
  return html`<svg
      class="lines"
      viewBox="0 ${-ABOVE} ${WIDTH + RIGHT} ${ABOVE + HEIGHT + BELOW}"
      width="${WIDTH + RIGHT}"
      height="${ABOVE + HEIGHT + BELOW}"
      role="img"
      aria-label="${yLabel} over ${xLabel}"
    >
      <text x="0" y="-10">↑ ${yLabel}${isLogarithmic ? ' (logarithmic)' : ''}</text>
      ${numbers}${lines}
      <text x="0" y="${HEIGHT + 16}">${showX(domainX[0])}</text>
      <text x="${WIDTH}" y="${HEIGHT + 16}" text-anchor="end">${xLabel} → ${showX(domainX[1])}</text>
    </svg>
    <ul class="key">
      ${keys}
    </ul>`;
}

/** Where numbers stand along an axis: its ends, and even steps or whole powers of ten between them. */
function ticks([low, high]: Domain, isLogarithmic: boolean): readonly number[] {
  if (!isLogarithmic) return Array.from({ length: STEPS + 1 }, (_, step) => low + ((high - low) * step) / STEPS);
  // Numbers are float32: 0.001 is a little above a whole power.
  const first = Math.ceil(low - ROUNDING);
  const powers = Array.from({ length: Math.max(0, Math.floor(high + ROUNDING) - first + 1) }, (_, at) => first + at);
  const every = Math.ceil(powers.length / MOST_POWERS);
  const shown = powers.filter((_, at) => at % every === 0);
  return shown.length > 1 ? shown : [low, high];
}
