/** How the numbers of a value lie before a person: pictures with their channels first, one batch element, no batch axis. */
import type { Graph } from '../graph/graph.js';
import { elementCount } from '../tensor/tensor.js';

export type SystemLayout =
  /** [channels, height, width], whatever the model's own order of axes. */
  | { readonly kind: 'image'; readonly channels: number; readonly height: number; readonly width: number }
  /** [positions, width]: tokens or steps of time, each with its features. */
  | {
      readonly kind: 'sequence';
      readonly positions: number;
      readonly width: number;
      /** Texts of the positions' tokens, where they are those of one text. */
      readonly tokens?: readonly string[];
    }
  | { readonly kind: 'vector'; readonly size: number };

/** A value of the model and its layout. */
export interface Laid {
  readonly layout: SystemLayout;
  /** Numbers of the layout: those of the first element of the batch, which come first in the value. */
  readonly size: number;
  /** Numbers of the value: more where the graph fixes a larger batch. */
  readonly total: number;
  /** The value is [height, width, channels]. */
  readonly channelsLast: boolean;
}

export interface LayoutRequest {
  readonly dims: readonly number[];
  /** Elements of the batch axis; 1 where the graph leaves it open. */
  readonly batch: number;
  readonly channelsLast: boolean;
}

/** A first axis of the batch's size is the batch axis; one of 1 always is. */
export function layoutOf({ dims, batch, channelsLast }: LayoutRequest): Laid {
  const total = elementCount(dims);
  const [first = 1, ...rest] = dims;
  const isBatched = first === 1 || first === batch;
  const size = isBatched ? total / first : total;
  const isPicture = isBatched && rest.length === 3 && rest.filter((each) => each > 1).length > 1;
  return {
    layout: layoutFor(dims, isBatched, isPicture, channelsLast, size),
    size,
    total,
    channelsLast: isPicture && channelsLast,
  };
}

function layoutFor(
  dims: readonly number[],
  isBatched: boolean,
  isPicture: boolean,
  channelsLast: boolean,
  size: number,
): SystemLayout {
  const [first = 1, second = 1, third = 1, fourth = 1] = dims;
  if (isPicture) {
    return channelsLast
      ? { kind: 'image', channels: fourth, height: second, width: third }
      : { kind: 'image', channels: second, height: third, width: fourth };
  }
  if (dims.length === 3 && isBatched) return { kind: 'sequence', positions: second, width: third };
  // Recurrent operators have the steps first, then the batch.
  if (dims.length === 3 && second === 1) return { kind: 'sequence', positions: first, width: third };
  return { kind: 'vector', size };
}

/** Places that votes are given for: channels and features of one place are added up. */
export function positionsOf(layout: SystemLayout): number {
  switch (layout.kind) {
    case 'image':
      return layout.height * layout.width;
    case 'sequence':
      return layout.positions;
    case 'vector':
      return layout.size;
  }
}

/** The position that a number of the layout is at. */
export function positionOf(layout: SystemLayout, index: number): number {
  switch (layout.kind) {
    case 'image':
      return index % (layout.height * layout.width);
    case 'sequence':
      return Math.floor(index / layout.width);
    case 'vector':
      return index;
  }
}

/** Where a number of the layout is in the value. */
export function placeInValue({ layout, channelsLast }: Laid, index: number): number {
  if (layout.kind !== 'image' || !channelsLast) return index;
  const pixels = layout.height * layout.width;
  return (index % pixels) * layout.channels + Math.floor(index / pixels);
}

/** The layout's numbers of a value; a copy of exactly their length. @param offset of the value in `values`. */
export function outward(laid: Laid, values: Float32Array, offset = 0): Float32Array {
  if (!laid.channelsLast) return values.slice(offset, offset + laid.size);
  return Float32Array.from({ length: laid.size }, (_, index) => values[offset + placeInValue(laid, index)] ?? NaN);
}

/** The value with the layout's numbers in it; other elements of the batch are 0. */
export function inward(laid: Laid, numbers: Float32Array): Float32Array {
  if (!laid.channelsLast && laid.size === laid.total) return numbers;
  const values = new Float32Array(laid.total);
  for (let index = 0; index < laid.size; index++) values[placeInValue(laid, index)] = numbers[index] ?? 0;
  return values;
}

/** A value that is 1 at one number of the layout. */
export function unitValue(laid: Laid, index: number): Float32Array {
  const values = new Float32Array(laid.total);
  values[placeInValue(laid, index)] = 1;
  return values;
}

/** Operators whose operands are [batch, channels, ...]. */
const CHANNELS_FIRST: ReadonlySet<string> = new Set([
  'Conv',
  'ConvTranspose',
  'MaxPool',
  'AveragePool',
  'LpPool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'BatchNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'DepthToSpace',
  'SpaceToDepth',
  'LRN',
]);

/**
 * Whether a value of four axes has its channels last, as frameworks other than ONNX's own operators have: by its sizes,
 * unless an operator beside it says which.
 */
export function hasChannelsLast(graph: Graph, value: string, dims: readonly number[]): boolean {
  const [, second = 0, third = 0, last = 0] = dims;
  if (dims.length !== 4) return false;
  const producer = graph.producerOf(value);
  const beside = [...(producer === undefined ? [] : [producer]), ...graph.consumersOf(value)];
  if (beside.some(({ domain, opType }) => domain === '' && CHANNELS_FIRST.has(opType))) return false;
  return [1, 3, 4].includes(last) && second > last && third > last;
}
