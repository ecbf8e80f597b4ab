/** What each input can hold, whatever the data: from how it is prepared, or as the recipe states it. */
import type { InputRecipe, Recipe } from './recipe.js';

export interface InputRange {
  /** One number for all elements, one for each element of an example, or one for each index of `axis`. */
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  /** Axis of the input, its example axis counted, that the numbers go along. */
  readonly axis?: number;
  /** Where the range is from, to stand behind its numbers: "pixels 0 to 255 as they are prepared". */
  readonly origin: string;
}

/** Halvings of a box, as media/inspect.schema.json bounds them. */
export const MOST_SPLITS = 4096;

const LARGEST_PIXEL = 255;

/** By input; inputs that may hold anything are absent. */
export function inputRanges(recipe: Recipe): Readonly<Record<string, InputRange>> {
  const prepared = Object.entries(recipe.inputs).flatMap(([name, input]): [string, InputRange][] => {
    const range = preparedRange(input);
    return range === undefined ? [] : [[name, range]];
  });
  const stated = Object.entries(recipe.box?.inputs ?? {}).map(([name, { lower, upper }]): [string, InputRange] => [
    name,
    { lower: listed(lower), upper: listed(upper), origin: 'as the recipe states it' },
  ]);
  return Object.fromEntries([...prepared, ...stated]);
}

function listed(value: number | readonly number[]): readonly number[] {
  return typeof value === 'number' ? [value] : value;
}

function preparedRange(input: InputRecipe): InputRange | undefined {
  switch (input.source) {
    case 'images': {
      const { scale, mean, std, layout } = input;
      const channels = Math.max(mean.length, std.length);
      const ends = Array.from({ length: channels }, (_, channel) =>
        [0, LARGEST_PIXEL].map((pixel) => (pixel * scale - at(mean, channel)) / at(std, channel)),
      );
      return {
        lower: ends.map((pair) => Math.min(...pair)),
        upper: ends.map((pair) => Math.max(...pair)),
        axis: layout === 'nchw' ? 1 : 3,
        origin: 'pixels 0 to 255 as they are prepared',
      };
    }
    case 'synthetic':
      return input.distribution === 'uniform'
        ? { lower: [input.low ?? 0], upper: [input.high ?? 1], origin: 'the range of the random inputs' }
        : undefined;
    case 'constant':
      return typeof input.value === 'number'
        ? { lower: [input.value], upper: [input.value], origin: 'always the same' }
        : undefined;
    case 'array':
    case 'tokens':
    case 'test-data':
      return undefined;
  }
}

/** A list of one number for each channel, or one for all of them. */
function at(list: readonly number[], channel: number): number {
  return list[list.length === 1 ? 0 : channel] ?? 0;
}
