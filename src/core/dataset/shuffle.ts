/**
 * The shuffled-inputs control (methods section 1, C2): every example keeps its numbers and loses their order. What is left
 * then comes from the distribution of the values alone: not from shapes in a picture, nor from the order of words.
 */
import type { NumberArray } from '../tensor/tensor.js';
import { imageForm } from './model-input.js';
import { arrayPreview, tokenPreview } from './previews.js';
import { randomStream } from './random.js';
import { conventionalInputs, type FilledInput } from './roles.js';
import { numbers, type Row } from './rows.js';
import type { ExampleSource, NextTokens } from './sources/example-source.js';

/**
 * The sources with every example permuted that comes from data. Pixels move with all their channels, token ids without
 * their padding, the values of anything else one by one; masks, positions, states and made-up values stay.
 * An example's order depends on the seed, the input's name and the example's index only.
 */
export function shuffledSources(
  filled: readonly FilledInput[],
  sources: ReadonlyMap<string, ExampleSource>,
  seed: number,
): ReadonlyMap<string, ExampleSource> {
  const conventional = conventionalInputs(filled.map(({ input }) => input));
  return new Map(
    [...sources].map(([name, source]) => {
      const each = filled.find(({ input }) => input.name === name);
      const isData = each !== undefined && !['synthetic', 'constant'].includes(each.recipe.source);
      return [name, isData && !conventional.has(name) ? shuffled(source, each, seed) : source];
    }),
  );
}

/** A random order of `count` things (Fisher and Yates, 1938). */
export function randomOrder(count: number, uniform: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(uniform() * (last + 1));
    const moved = order[last] as number;
    order[last] = order[other] as number;
    order[other] = moved;
  }
  return order;
}

function shuffled(source: ExampleSource, { input, recipe }: FilledInput, seed: number): ExampleSource {
  const { count: channels, planar } = channelsOf({ input, recipe });
  const read = async (index: number): Promise<Row> => {
    const row = await source.read(index);
    const next = await source.nextTokens?.(index);
    const places = next?.filled ?? row.data.length / channels;
    const order = randomOrder(places, randomStream(seed, `shuffle ${input.name}`, index));
    return { ...row, data: permuted(row.data, order, channels, planar) };
  };
  const nextTokens = async (index: number): Promise<NextTokens | undefined> => {
    const next = await source.nextTokens?.(index);
    return next && shiftedBack(numbers(await read(index)), next);
  };
  const note = `shuffled within each example (seed ${seed})`;
  return {
    ...source,
    describe: (used) => `${source.describe(used)}, ${note}`,
    ...(source.line === undefined ? {} : { line: (used: number) => `${source.line?.(used)}, ${note}` }),
    read,
    ...(source.nextTokens === undefined ? {} : { nextTokens }),
    preview: async (index) => {
      const [name, row] = [source.nameOf(index), await read(index)];
      return source.tokens === undefined ? arrayPreview(name, row) : tokenPreview(name, row, source.tokens);
    },
  };
}

/** Values that belong to one place of an example, and whether they lie apart (all places of a channel together). */
function channelsOf({ input, recipe }: Pick<FilledInput, 'input' | 'recipe'>): { count: number; planar: boolean } {
  if (recipe.source === 'images') {
    return { count: recipe.channels === 'gray' ? 1 : 3, planar: recipe.layout === 'nchw' };
  }
  const form = recipe.source === 'array' || recipe.source === 'test-data' ? imageForm(input) : undefined;
  return { count: form?.channels ?? 1, planar: form?.layout !== 'nhwc' };
}

/** What stands past the places of `order` (padding) stays where it is. */
function permuted(data: NumberArray, order: Uint32Array, channels: number, planar: boolean): NumberArray {
  const moved = data.slice();
  const places = data.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    for (let to = 0; to < order.length; to++) {
      const from = order[to] as number;
      if (planar) moved[channel * places + to] = data[channel * places + from] as number;
      else moved[to * channels + channel] = data[from * channels + channel] as number;
    }
  }
  return moved;
}

/** What comes next in the new order; after the last token the one that came after the text. */
function shiftedBack(tokens: Float64Array, { ids, filled }: NextTokens): NextTokens {
  const next = new Int32Array(ids.length).fill(-1);
  for (let position = 0; position + 1 < filled; position++) next[position] = tokens[position + 1] as number;
  if (filled > 0) next[filled - 1] = ids[filled - 1] as number;
  return { ids: next, filled };
}
