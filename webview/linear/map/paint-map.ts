import type { Theme } from '../../theme/theme.js';
import { cellImage, overlayImage, type MapPicture } from './map-picture.js';

export interface MapMarks {
  /** Cell under the pointer or the keyboard's cursor. */
  readonly pointed: number | undefined;
  /** Cell that was chosen. */
  readonly chosen: number | undefined;
}

/** Draws cells over the whole canvas, sharp where they are larger than its pixels. */
export function paintMap(
  canvas: HTMLCanvasElement,
  picture: MapPicture,
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
  context.imageSmoothingEnabled = picture.width > width || picture.height > height;
  context.imageSmoothingQuality = 'high';
  if (under === undefined) drawCells(context, cellImage(picture, reach, theme.dark), width, height);
  else {
    drawCells(context, cellImage(under, 1, true), width, height);
    // First darkened, so that the colours mean the same on bright and dark pictures.
    context.fillStyle = 'rgb(0 0 0 / 0.45)';
    context.fillRect(0, 0, width, height);
    drawCells(context, overlayImage(picture, reach), width, height);
  }
  if (marks.chosen !== undefined) frame(context, picture, marks.chosen, 3 * ratio, theme.focus);
  if (marks.pointed !== undefined) frame(context, picture, marks.pointed, 1.5 * ratio, theme.foreground);
}

function drawCells(context: CanvasRenderingContext2D, image: ImageData, width: number, height: number): void {
  const cells = new OffscreenCanvas(image.width, image.height);
  cells.getContext('2d')?.putImageData(image, 0, 0);
  context.drawImage(cells, 0, 0, width, height);
}

/** A frame around one cell, never smaller than a person can see. */
function frame(
  context: CanvasRenderingContext2D,
  { width, height }: MapPicture,
  cell: number,
  line: number,
  color: string,
): void {
  const { width: wide, height: tall } = context.canvas;
  const [cellWidth, cellHeight] = [wide / width, tall / height];
  const [boxWidth, boxHeight] = [Math.max(cellWidth, 4 * line), Math.max(cellHeight, 4 * line)];
  const x = (cell % width) * cellWidth + (cellWidth - boxWidth) / 2;
  const y = Math.floor(cell / width) * cellHeight + (cellHeight - boxHeight) / 2;
  context.lineWidth = line;
  context.strokeStyle = color;
  context.strokeRect(x + line / 2, y + line / 2, boxWidth - line, boxHeight - line);
}
