/** A graph input as the model declares it; the same shape of record that the protocol shows. */
export interface ModelInput {
  readonly name: string;
  /** "float32", "int64"; anything that is no tensor type cannot be fed. */
  readonly type: string;
  /** Sizes; a name where the model names an open dimension, "?" where it does not. Undefined: unknown rank. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** What the graph's first nodes say about an input, beyond its declared type (see input-hints.ts). */
export interface InputHint {
  /** Rows of the table that the input indexes, or classes of its one-hot code: ids of tokens are below it. */
  readonly vocabulary?: number;
  /** It is a table: an id beyond its rows cannot be run. */
  readonly looksUp?: boolean;
  /** The graph itself brings 0…255 to its own range (a division by 255, a rescaling layer). */
  readonly rescales?: boolean;
}

export type InputHints = ReadonlyMap<string, InputHint>;

/** "float32[batch, 3, 32, 32]". */
export function typeText(input: ModelInput): string {
  return `${input.type}${input.shape === undefined ? ' of unknown rank' : shapeText(input.shape)}`;
}

export function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}

const INTEGER_TYPES = new Set(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64']);

export function isInteger(type: string): boolean {
  return INTEGER_TYPES.has(type);
}

export function isFloat(type: string): boolean {
  return type === 'float32' || type === 'float64' || type === 'float16';
}

/** Whether an input reads as tokens: integers of a width that is not a pixel's, or anything that indexes a table. */
export function isTokenLike(input: ModelInput, hint: InputHint | undefined): boolean {
  if (hint?.vocabulary !== undefined) return true;
  if (!isInteger(input.type)) return false;
  return imageForm(input) === undefined;
}

/** Where the picture's axes are in an input of shape [n, c, h, w] or [n, h, w, c]; c is 1 or 3. */
export interface ImageForm {
  readonly layout: 'nchw' | 'nhwc';
  readonly channels: 1 | 3;
  /** Undefined where the graph leaves them open. */
  readonly height: number | undefined;
  readonly width: number | undefined;
}

/** Sides shorter than this are features or controls, not pictures: the 1×1×5 of a collision-avoidance network. */
const SHORTEST_SIDE = 8;

/** How a picture fits an input of rank 4, or undefined where none does. */
export function imageForm(input: ModelInput): ImageForm | undefined {
  if (input.shape?.length !== 4) return undefined;
  const [, first, second, third] = input.shape;
  const sides = (height: number | string | undefined, width: number | string | undefined): boolean =>
    [height, width].every((side) => typeof side === 'string' || (side ?? 0) >= SHORTEST_SIDE);
  const open = (side: number | string | undefined): number | undefined => (typeof side === 'number' ? side : undefined);
  const channelCount = (size: number | string | undefined): 1 | 3 | undefined =>
    size === 1 || size === 3 ? size : undefined;
  const leading = channelCount(first);
  if (leading !== undefined && sides(second, third))
    return { layout: 'nchw', channels: leading, height: open(second), width: open(third) };
  const trailing = channelCount(third);
  if (trailing !== undefined && sides(first, second))
    return { layout: 'nhwc', channels: trailing, height: open(first), width: open(second) };
  return undefined;
}
