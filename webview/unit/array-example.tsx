import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { theme, type Theme } from '../theme/theme.js';
import { drawActivationMap, drawActivationStrip, type Activations } from './activation-map.js';

const SMALLEST_IMAGE_SIDE = 8;
const BARS_UP_TO = 48;
const MARGIN_PX = 6;

interface ArrayExampleProps {
  readonly values: readonly number[];
  readonly dims: readonly number[];
  readonly activations: Activations | undefined;
  readonly reach: number;
}

/** An array: as a grey picture where its last two axes look like one, else as bars or a line. */
export function ArrayExample({ values, dims, activations, reach }: ArrayExampleProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colors = theme.value;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    const side = Math.round(element.clientWidth * window.devicePixelRatio);
    [element.width, element.height] = [side, side];
    const plane = planeOf(values, dims);
    if (plane === undefined) {
      drawSeries(context, values, side, colors);
      if (activations) drawActivationStrip(context, activations, reach, side);
      return;
    }
    context.imageSmoothingEnabled = false;
    const scale = side / Math.max(plane.width, plane.height);
    const [width, height] = [plane.width * scale, plane.height * scale];
    const place = [(side - width) / 2, (side - height) / 2, width, height] as const;
    context.drawImage(plane, ...place);
    if (activations) drawActivationMap(context, activations, reach, place);
  }, [values, dims, activations, reach, colors]);
  return <canvas ref={canvas} class="example-canvas" role="img" aria-label={`Array of shape ${dims.join(' × ')}`} />;
}

function planeOf(values: readonly number[], dims: readonly number[]): OffscreenCanvas | undefined {
  const [height = 0, width = 0] = dims.slice(-2);
  if (height < SMALLEST_IMAGE_SIDE || width < SMALLEST_IMAGE_SIDE || values.length < height * width) return undefined;
  const plane = values.slice(0, height * width);
  const low = plane.reduce((a, b) => Math.min(a, b), Infinity);
  const high = plane.reduce((a, b) => Math.max(a, b), -Infinity);
  const image = new ImageData(width, height);
  plane.forEach((value, index) => {
    const grey = high > low ? (255 * (value - low)) / (high - low) : 0;
    image.data.set([grey, grey, grey, 255], 4 * index);
  });
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

function drawSeries(context: CanvasRenderingContext2D, values: readonly number[], side: number, theme: Theme): void {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), 0);
  const high = finite.reduce((a, b) => Math.max(a, b), 0);
  const margin = MARGIN_PX * window.devicePixelRatio;
  const y = (value: number): number =>
    margin + (side - 2 * margin) * (high > low ? (high - value) / (high - low) : 0.5);
  const step = (side - 2 * margin) / Math.max(1, values.length);
  context.strokeStyle = theme.grid;
  context.beginPath();
  context.moveTo(margin, y(0));
  context.lineTo(side - margin, y(0));
  context.stroke();
  context.fillStyle = theme.series[0] ?? theme.foreground;
  context.strokeStyle = context.fillStyle;
  if (values.length <= BARS_UP_TO) {
    values.forEach((value, index) => {
      if (Number.isFinite(value))
        context.fillRect(
          margin + index * step,
          Math.min(y(value), y(0)),
          step * 0.8,
          Math.max(1, Math.abs(y(value) - y(0))),
        );
    });
    return;
  }
  context.lineWidth = window.devicePixelRatio;
  context.beginPath();
  values.forEach((value, index) => {
    if (Number.isFinite(value)) context.lineTo(margin + (index + 0.5) * step, y(value));
  });
  context.stroke();
}
