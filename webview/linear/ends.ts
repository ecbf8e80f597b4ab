/** How the numbers at an end of a linear system are named, counted and laid out. */
import type { SystemDescription, SystemEnd, SystemLayout } from '../../src/protocol/linear.js';
import { visible } from '../format/words.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

const OUTPUTS_AT_FIRST = 3;

/** Places that a vote stands for: pixels, tokens, features. */
export function positionCount(layout: SystemLayout): number {
  switch (layout.kind) {
    case 'image':
      return layout.height * layout.width;
    case 'sequence':
      return layout.positions;
    case 'vector':
      return layout.size;
  }
}

/** Axes of an array in the order of a layout, as a .npy file has them. */
export function layoutDims(layout: SystemLayout): readonly number[] {
  switch (layout.kind) {
    case 'image':
      return [layout.channels, layout.height, layout.width];
    case 'sequence':
      return [layout.positions, layout.width];
    case 'vector':
      return [layout.size];
  }
}

/** Axes of one number per position. */
export function positionDims(layout: SystemLayout): readonly number[] {
  return layout.kind === 'image' ? [layout.height, layout.width] : [positionCount(layout)];
}

/** "pixel", "position", "feature": what one vote belongs to. */
export function positionWord(layout: SystemLayout): string {
  switch (layout.kind) {
    case 'image':
      return 'pixel';
    case 'sequence':
      return 'position';
    case 'vector':
      return 'feature';
  }
}

/** “cat” (token 4); a picture's by its row and column. */
export function positionName(layout: SystemLayout, position: number): string {
  const token = layout.kind === 'sequence' ? layout.tokens?.[position] : undefined;
  if (token !== undefined) return `“${visible(token)}” (token ${tokenNumber(position)})`;
  if (layout.kind === 'vector') return `${positionWord(layout)} ${position}`;
  if (layout.kind === 'sequence') return `${positionWord(layout)} ${tokenNumber(position)}`;
  return `row ${Math.floor(position / layout.width)}, column ${position % layout.width}`;
}

type Named = Pick<SystemDescription, 'classes' | 'to'>;

/** Name of one element of the output: the class where it has one, else its place. */
export function outputName({ classes, to }: Named, output: number): string {
  const { layout } = to;
  switch (layout.kind) {
    case 'image':
      return elementName(layout, output);
    case 'sequence': {
      const element = output % layout.width;
      return `${classes?.[element] ?? `output ${element}`} at ${positionName(layout, Math.floor(output / layout.width))}`;
    }
    case 'vector':
      return classes?.[output] ?? `output ${output}`;
  }
}

/** "logit" of a class; anything else is an "output". */
export function outputWord({ classes }: Named): string {
  return classes === undefined ? 'output' : 'logit';
}

/** Positions of the largest values first. */
export function largestFirst(values: ArrayLike<number>, indices: readonly number[]): readonly number[] {
  const key = (index: number): number => {
    const value = values[index] ?? NaN;
    return Number.isNaN(value) ? -Infinity : value;
  };
  return indices.toSorted((a, b) => (key(a) === key(b) ? a - b : key(b) > key(a) ? 1 : -1));
}

/** What is explained before a person chooses: the largest outputs, of a sequence those at its last position. */
export function firstOutputs({ to }: Named): readonly number[] {
  const { layout, values } = to;
  const first = layout.kind === 'sequence' ? (layout.positions - 1) * layout.width : 0;
  return top(values, first, values.length, OUTPUTS_AT_FIRST);
}

/** Places of the largest values in [start, end), largest first, in one walk: outputs may be a million pixels. */
export function top(values: Float32Array, start: number, end: number, count: number): readonly number[] {
  let found: number[] = [];
  let least = -Infinity;
  const cut = (): void => {
    found = largestFirst(values, found).slice(0, count);
    if (found.length === count) least = values[found.at(-1) ?? 0] ?? -Infinity;
  };
  for (let index = start; index < end; index++) {
    const value = values[index] ?? NaN;
    if (found.length >= count && !(value > least)) continue;
    found.push(index);
    // Sorted once in a while, so that rising numbers do not sort at every step.
    if (found.length >= 2 * count + 64) cut();
  }
  cut();
  return found;
}

/** Largest |value|; 1 where all are 0, so that colours have a scale. */
export function reachOf(arrays: readonly ArrayLike<number>[]): number {
  let reach = 0;
  for (const values of arrays) {
    for (let index = 0; index < values.length; index++) {
      const size = Math.abs(values[index] ?? 0);
      if (size > reach && size !== Infinity) reach = size;
    }
  }
  return reach === 0 ? 1 : reach;
}

/** An end as a sentence names it. */
export function endName({ label, layout }: SystemEnd): string {
  return `${label} (${layoutDims(layout).join(' × ')})`;
}

/** "channel 1, pixel in row 3, column 4". */
export function elementName(layout: SystemLayout, element: number): string {
  switch (layout.kind) {
    case 'image': {
      const plane = layout.height * layout.width;
      const place = `pixel in ${positionName(layout, element % plane)}`;
      return layout.channels > 1 ? `channel ${Math.floor(element / plane)}, ${place}` : place;
    }
    case 'sequence':
      return `${positionName(layout, Math.floor(element / layout.width))}, feature ${element % layout.width}`;
    case 'vector':
      return positionName(layout, element);
  }
}

/** What is looked at before a person chooses: the middle of a picture, else the largest number. */
export function firstElement({ layout, values }: SystemEnd): number {
  if (layout.kind !== 'image') return top(values, 0, values.length, 1)[0] ?? 0;
  return Math.floor(layout.height / 2) * layout.width + Math.floor(layout.width / 2);
}
