/** How the places of one input lie that a dictionary reads: what they are called, and where they are shown. */
import type { WidthAxis } from '../dictionary/attach/sites.js';

/** One place for the whole input; places that follow one another (tokens, time steps); cells of a picture, line by line. */
export type Layout =
  | { readonly kind: 'single' }
  | { readonly kind: 'sequence' }
  | { readonly kind: 'grid'; readonly height: number; readonly width: number; readonly axis: WidthAxis };

/** @param positions of one input. Channels last make a picture, too: [examples, height, width of the picture, width]. */
export function layoutOf(dims: readonly number[], axis: WidthAxis, positions: number): Layout {
  const [height = 1, width = 1] = axis === 'channels' ? dims.slice(2) : dims.slice(1);
  if (dims.length === 4 && positions === height * width) return { kind: 'grid', height, width, axis };
  return dims.length === 2 && positions === 1 ? { kind: 'single' } : { kind: 'sequence' };
}

export function isSameLayout(a: Layout, b: Layout): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
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

/** Where a place is, counted from 0; empty where an input has one only. */
export function placeText(position: number, layout: Layout): string {
  switch (layout.kind) {
    case 'single':
      return '';
    case 'sequence':
      return `position ${position}`;
    case 'grid':
      return `row ${Math.floor(position / layout.width)}, column ${position % layout.width}`;
  }
}
