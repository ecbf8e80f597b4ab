/** A heatmap with the names of its rows in the picture, so that they go with it when it is saved. */
import { colorAt, colormap, cssColor, fraction } from '../../src/core/picture/colormap.js';
import type { Theme } from '../theme/theme.js';

export interface HeatRow {
  readonly label: string;
  /** They share the width of the row evenly. */
  readonly values: ArrayLike<number>;
}

export interface HeatCell {
  readonly row: number;
  readonly cell: number;
}

export const ROW_PX = 20;
const LABEL_SHARE = 0.3;
const WIDEST_LABEL_PX = 240;
const FONT_PX = 12;
const GAP_PX = 8;

/** Width of the names, in CSS pixels. */
export function labelWidth(width: number): number {
  return Math.min(WIDEST_LABEL_PX, width * LABEL_SHARE);
}

/** The cell at a place of the canvas; undefined beside the cells. */
export function cellAt(rows: readonly HeatRow[], width: number, x: number, y: number): HeatCell | undefined {
  const row = Math.floor(y / ROW_PX);
  const left = labelWidth(width);
  const count = rows[row]?.values.length ?? 0;
  if (x < left || x >= width || count === 0) return undefined;
  return { row, cell: Math.min(count - 1, Math.floor(((x - left) / (width - left)) * count)) };
}

export function paintEffects(
  canvas: HTMLCanvasElement,
  rows: readonly HeatRow[],
  reach: number,
  pointed: HeatCell | undefined,
  theme: Theme,
): void {
  const ratio = window.devicePixelRatio;
  const width = canvas.clientWidth;
  const [pixelsWide, pixelsTall] = [Math.round(width * ratio), Math.round(rows.length * ROW_PX * ratio)];
  const context = canvas.getContext('2d');
  if (context === null || pixelsWide === 0 || pixelsTall === 0) return;
  if (canvas.width !== pixelsWide || canvas.height !== pixelsTall) {
    [canvas.width, canvas.height] = [pixelsWide, pixelsTall];
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, rows.length * ROW_PX);
  context.font = `${FONT_PX}px ${theme.fontFamily}`;
  context.textBaseline = 'middle';
  const map = colormap('diverging', theme.dark);
  const left = labelWidth(width);
  rows.forEach(({ label, values }, row) => {
    const top = row * ROW_PX;
    context.fillStyle = theme.foreground;
    context.fillText(fitting(context, label, left - GAP_PX), 0, top + ROW_PX / 2);
    const each = (width - left) / Math.max(1, values.length);
    for (let cell = 0; cell < values.length; cell++) {
      const place = fraction(values[cell] ?? NaN, [-reach, reach]);
      context.fillStyle = Number.isNaN(place) ? theme.muted : cssColor(colorAt(map, place));
      // Neighbours meet without a seam.
      const [from, to] = [Math.round((left + cell * each) * ratio), Math.round((left + (cell + 1) * each) * ratio)];
      context.fillRect(from / ratio, top + 1, (to - from) / ratio, ROW_PX - 2);
    }
  });
  const count = pointed && rows[pointed.row]?.values.length;
  if (pointed === undefined || count === undefined) return;
  const each = (width - left) / Math.max(1, count);
  context.strokeStyle = theme.foreground;
  context.lineWidth = 1.5;
  context.strokeRect(left + pointed.cell * each, pointed.row * ROW_PX + 1, each, ROW_PX - 2);
}

/** The end of a name tells it from others. */
function fitting(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let rest = text;
  while (rest.length > 1 && context.measureText(`…${rest}`).width > width) rest = rest.slice(1);
  return `…${rest}`;
}
