/** Which axis of a value a dictionary reads, and how the rows of one input lie along the others: what they are called. */
import type { HeadAxes } from '../../graph/roles/head-axes.js';
import type { PatchTokens } from '../../graph/roles/patch-tokens.js';
import { tokenNumber } from '../../told-numbers.js';

/** Which axis is the width: the last, or the channels of a picture, [batch, channels, height, width]. */
export type WidthAxis = 'last' | 'channels';

/** What the graph tells of the places of a value. */
export interface PlacesTold {
  /** Of a value that has rows of its own for each head of an attention. */
  readonly heads?: HeadAxes;
  /** Of a value whose tokens, those of its heads where it has several, are patches of a picture. */
  readonly patches?: PatchTokens;
}

/** One place for the whole input; places that follow one another (tokens, time steps); cells of a picture, line by line. */
export type Layout =
  | { readonly kind: 'single' }
  | { readonly kind: 'sequence' }
  | { readonly kind: 'grid'; readonly height: number; readonly width: number; readonly axis: WidthAxis }
  | HeadsLayout
  | PatchesLayout;

/** One place for each head of an attention and each token. */
export interface HeadsLayout {
  readonly kind: 'heads';
  readonly heads: number;
  readonly tokens: number;
  /** Heads whose places follow one another within a token: 1 where all tokens of a head do. */
  readonly within: number;
  /** Where the tokens of each head are patches. */
  readonly patches?: PatchesLayout;
}

/** One place for each patch of a picture, line by line, behind tokens that are none. */
export interface PatchesLayout {
  readonly kind: 'patches';
  readonly height: number;
  readonly width: number;
  /** What the tokens before the patches are called. */
  readonly others: readonly string[];
}

/**
 * Where both would do, as of 32 channels on 32 × 32 places, channels are meant: that is how ONNX lays out pictures.
 * @returns undefined where a value of these dims has no axis of this width that holds features.
 */
export function widthAxis(dims: readonly number[], width: number, { heads }: PlacesTold): WidthAxis | undefined {
  const last = dims.length >= 2 && dims.at(-1) === width ? 'last' : undefined;
  if (heads !== undefined && isTokensFirst(dims, heads)) return undefined;
  if (heads !== undefined && dims.length >= 4) return heads.features === -1 ? last : undefined;
  if (dims.length === 4 && dims[1] === width) return 'channels';
  return last;
}

/** Rows of one example then do not follow one another. */
function isTokensFirst(dims: readonly number[], { tokens }: HeadAxes): boolean {
  return dims.length === 3 && tokens === -3;
}

export interface LaidValue {
  readonly dims: readonly number[];
  readonly axis: WidthAxis;
  readonly examples: number;
  /** Of one input. */
  readonly positions: number;
  /** Dims of what {@link PatchTokens} names the grid, where there is one. */
  readonly grid?: readonly number[] | undefined;
}

/** Channels last make a picture, too: [examples, height, width of the picture, width]. */
export function layoutOf(value: LaidValue, { heads, patches }: PlacesTold): Layout {
  const { dims, axis, examples, positions, grid } = value;
  if (heads !== undefined && axis === 'last' && dims.length >= 4)
    return dims[0] === examples ? headsLayout(value, heads, patches) : { kind: 'sequence' };
  if (heads?.besideExamples === true && heads.tokens === -2 && dims.length === 3)
    return headsLayout(value, heads, patches);
  if (patches !== undefined && axis === 'last' && dims.length === 3 && dims[0] === examples && grid?.length === 4)
    return patchesLayout(positions, grid, patches);
  const [height = 1, width = 1] = axis === 'channels' ? dims.slice(2) : dims.slice(1);
  if (dims.length === 4 && positions === height * width) return { kind: 'grid', height, width, axis };
  return dims.length === 2 && positions === 1 ? { kind: 'single' } : { kind: 'sequence' };
}

/** A single head has the places of its tokens. Several axes of heads, as of groups that share keys, count as one. */
function headsLayout(
  { dims, positions, grid }: LaidValue,
  { tokens: axis }: HeadAxes,
  patches: PatchTokens | undefined,
): Layout {
  const tokens = dims.at(axis) ?? 1;
  const heads = positions / Math.max(1, tokens);
  const within = dims.slice(dims.length + axis + 1, -1).reduce((product, size) => product * size, 1);
  const cut = patches === undefined || grid?.length !== 4 ? undefined : patchesLayout(tokens, grid, patches);
  if (!Number.isInteger(heads)) return { kind: 'sequence' };
  if (heads === 1) return cut ?? { kind: 'sequence' };
  return { kind: 'heads', heads, tokens, within, ...(cut?.kind === 'patches' ? { patches: cut } : {}) };
}

/** A sequence where there are other numbers of tokens than of patches, and nothing that says why. */
function patchesLayout(
  positions: number,
  [, , height = 1, width = 1]: readonly number[],
  { hasOthers, hasClassToken }: PatchTokens,
): PatchesLayout | { readonly kind: 'sequence' } {
  const others = positions - height * width;
  if (others < 0 || (others > 0 && !hasOthers)) return { kind: 'sequence' };
  const first = hasClassToken ? 1 : 0;
  const nameOf = (_: unknown, at: number): string => (at < first ? 'class token' : `extra token ${at - first + 1}`);
  return { kind: 'patches', height, width, others: Array.from({ length: others }, nameOf) };
}

export function isSameLayout(a: Layout, b: Layout): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Token that a place belongs to, and its head where there are several: both counted from 0. */
export interface TokenPlace {
  readonly token: number;
  readonly head?: number;
}

export function tokenPlace(position: number, layout: Layout): TokenPlace {
  if (layout.kind !== 'heads') return { token: position };
  const { tokens, within } = layout;
  const outer = Math.floor(position / (tokens * within));
  return { token: Math.floor(position / within) % tokens, head: outer * within + (position % within) };
}

/** The way back from {@link tokenPlace}. */
export function positionOf({ token, head = 0 }: TokenPlace, layout: Layout): number {
  if (layout.kind !== 'heads') return token;
  const { tokens, within } = layout;
  return (Math.floor(head / within) * tokens + token) * within + (head % within);
}

/** Whether the places are those of tokens, one for each or several. */
export function hasTokens({ kind }: Layout): boolean {
  return kind === 'sequence' || kind === 'heads';
}

/** @param filled tokens of the input before its padding; absent: it has none. */
export function isPadding(position: number, layout: Layout, filled: number | undefined): boolean {
  return filled !== undefined && tokenPlace(position, layout).token >= filled;
}

/** How many places there are up to the last that is no padding: those between heads are, where tokens of a head follow. */
export function placesUpToPadding(positions: number, layout: Layout, filled: number | undefined): number {
  let end = positions;
  while (end > 0 && isPadding(end - 1, layout, filled)) end--;
  return end;
}

/** Tokens that the places up to the padding are of. @param places as {@link placesUpToPadding} counts them. */
export function tokensWithin(places: number, layout: Layout): number {
  return places === 0 ? 0 : tokenPlace(places - 1, layout).token + 1;
}

/** Places that are often unlike all others: the first token of an input, of every head, what is no patch; cells are none. */
export function isFirst(position: number, layout: Layout): boolean {
  if (layout.kind === 'patches') return position < layout.others.length;
  return hasTokens(layout) && tokenPlace(position, layout).token === 0;
}

/** Whether there are places for which {@link isFirst} is true, and others. */
export function hasFirst(layout: Layout): boolean {
  return hasTokens(layout) || (layout.kind === 'patches' && layout.others.length > 0);
}

/** The patches that the tokens are, of one head where there are several. */
export function patchesOf(layout: Layout): PatchesLayout | undefined {
  if (layout.kind === 'patches') return layout;
  return layout.kind === 'heads' ? layout.patches : undefined;
}

/** What one row that a dictionary reads is called, and several. */
export interface PlaceWords {
  readonly one: string;
  readonly many: string;
}

export function placeWordsOf({ kind }: Layout, isText: boolean): PlaceWords {
  if (kind === 'single') return { one: 'input', many: 'inputs' };
  return isText && kind === 'sequence' ? { one: 'token', many: 'tokens' } : { one: 'place', many: 'places' };
}

/** What {@link isFirst} is true of, after “without”. */
export function firstPlacesText(layout: Layout, { one }: PlaceWords): string {
  if (layout.kind === 'patches')
    return layout.others.length === 1 ? `the ${layout.others[0]}` : 'the tokens before the patches';
  return layout.kind === 'heads' ? 'the first token of every head' : `the first ${one} of each input`;
}

/**
 * Where a place is; empty where an input has one only. Tokens count from 1, heads, rows and columns from 0, as everywhere.
 * @param one what a place of a sequence is called.
 */
export function placeText(position: number, layout: Layout, one: 'token' | 'place' = 'place'): string {
  switch (layout.kind) {
    case 'single':
      return '';
    case 'sequence':
      return `${one} ${tokenNumber(position)}`;
    case 'grid':
      return cellText(position, layout);
    case 'patches':
      return layout.others[position] ?? cellText(position - layout.others.length, layout);
    case 'heads': {
      const { head, token } = tokenPlace(position, layout);
      return `head ${head}, ${layout.patches === undefined ? `token ${tokenNumber(token)}` : placeText(token, layout.patches)}`;
    }
  }
}

function cellText(cell: number, { width }: { readonly width: number }): string {
  return `row ${Math.floor(cell / width)}, column ${cell % width}`;
}
