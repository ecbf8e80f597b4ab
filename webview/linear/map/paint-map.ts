import type { Theme } from '../../theme/theme.js';
import type { MapWindow } from './close-up.js';
import { cellImage, overlayImage, type MapPicture } from './map-picture.js';

export interface MapMarks {
  /** Cell under the pointer or the keyboard's cursor. */
  readonly pointed: number | undefined;
  /** Cell that was chosen. */
  readonly chosen: number | undefined;
}

/** Draws the cells of a window over the whole canvas, sharp where they are larger than its pixels. */
export function paintMap(
  canvas: HTMLCanvasElement,
  picture: MapPicture,
  view: MapWindow,
  reach: number,
  under: MapPicture | undefined,
  marks: MapMarks,
  theme: Theme,
): void {
  const ratio = window.devicePixelRatio;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  const context = canvas.getContext('2d');
  if (context === null || width === 0 || height === 0) return;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  context.imageSmoothingEnabled = view.width > width || view.height > height;
  context.imageSmoothingQuality = 'high';
  if (under === undefined) drawCells(context, cellImage(picture, reach, theme.dark), view);
  else {
    drawCells(context, cellImage(under, 1, true), view);
    // First darkened, so that the colours mean the same on bright and dark pictures.
    context.fillStyle = 'rgb(0 0 0 / 0.45)';
    context.fillRect(0, 0, width, height);
    drawCells(context, overlayImage(picture, reach), view);
  }
  if (marks.chosen !== undefined) frame(context, picture, view, marks.chosen, 3 * ratio, theme.focus);
  if (marks.pointed !== undefined) frame(context, picture, view, marks.pointed, 1.5 * ratio, theme.foreground);
}

function drawCells(context: CanvasRenderingContext2D, image: ImageData, view: MapWindow): void {
  const { width, height } = context.canvas;
  const cells = new OffscreenCanvas(image.width, image.height);
  cells.getContext('2d')?.putImageData(image, 0, 0);
  context.drawImage(cells, view.column, view.row, view.width, view.height, 0, 0, width, height);
}

/** A frame around one cell, never smaller than a person can see. */
function frame(
  context: CanvasRenderingContext2D,
  { width }: MapPicture,
  view: MapWindow,
  cell: number,
  line: number,
  color: string,
): void {
  const { width: wide, height: tall } = context.canvas;
  const [cellWidth, cellHeight] = [wide / view.width, tall / view.height];
  const [boxWidth, boxHeight] = [Math.max(cellWidth, 4 * line), Math.max(cellHeight, 4 * line)];
  const x = ((cell % width) - view.column) * cellWidth + (cellWidth - boxWidth) / 2;
  const y = (Math.floor(cell / width) - view.row) * cellHeight + (cellHeight - boxHeight) / 2;
  context.lineWidth = line;
  context.strokeStyle = color;
  context.strokeRect(x + line / 2, y + line / 2, boxWidth - line, boxHeight - line);
}
