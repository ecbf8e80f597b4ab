/** A pattern over the output that a person makes: drawn, loaded or weighed. Kept while the page lives. */
import { signal } from '@preact/signals';
import type { SystemEnd } from '../../src/protocol/linear.js';
import { layoutDims } from './ends.js';

interface Drawing {
  /** Value and shape that it is a pattern of. */
  readonly of: string;
  readonly values: Float32Array;
}

const drawing = signal<Drawing | undefined>(undefined);

function keyOf({ value, layout }: SystemEnd): string {
  return `${value} ${layout.kind} ${layoutDims(layout).join(' ')}`;
}

/** The pattern over this end; undefined before one was made. */
export function drawingFor(end: SystemEnd): Float32Array | undefined {
  const current = drawing.value;
  return current?.of === keyOf(end) ? current.values : undefined;
}

export function setDrawing(end: SystemEnd, values: Float32Array): void {
  drawing.value = { of: keyOf(end), values };
}

export interface Brush {
  /** +1 or −1; 0 wipes. */
  readonly value: number;
  /** Cells across. */
  readonly size: number;
}

/** A copy with a disc of cells set on every channel, or on one. */
export function withStroke(
  values: Float32Array,
  layout: { readonly channels: number; readonly height: number; readonly width: number },
  cell: number,
  { value, size }: Brush,
  channel: number | undefined,
): Float32Array {
  const { channels, height, width } = layout;
  const next = values.slice();
  const [row, column] = [Math.floor(cell / width), cell % width];
  const radius = size / 2;
  // A brush of an even size has its middle between cells.
  const middle = size % 2 === 0 ? 0.5 : 0;
  for (let y = Math.max(0, Math.floor(row - radius)); y <= Math.min(height - 1, row + radius); y++) {
    for (let x = Math.max(0, Math.floor(column - radius)); x <= Math.min(width - 1, column + radius); x++) {
      if (Math.hypot(y - row - middle, x - column - middle) > radius - 0.25 + middle) continue;
      for (let each = channel ?? 0; each <= (channel ?? channels - 1); each++) {
        next[each * height * width + y * width + x] = value;
      }
    }
  }
  return next;
}
