import { elementCount } from '../../tensor/tensor.js';
import { normalStream, randomStream } from '../random.js';
import type { SyntheticRecipe } from '../recipe.js';
import { type FeedType, isFeedType, type Row, zeros } from '../rows.js';
import { shapeText, type ModelInput } from '../model-input.js';
import { arrayPreview, tokenPreview } from '../previews.js';
import type { TokenText } from '../token-text.js';
import type { ExampleSource } from './example-source.js';

/** The range that a distribution draws from: "between 0 and 1", "0 … 255". */
export function distributionText(recipe: SyntheticRecipe): string {
  const [low, high] = syntheticRange(recipe);
  switch (recipe.distribution) {
    case 'normal':
      return 'random numbers (normal, mean 0, standard deviation 1)';
    case 'uniform':
      return `random numbers (uniform between ${low} and ${high})`;
    case 'integers':
      return `random integers from ${low} to ${high}`;
  }
}

function syntheticRange(recipe: SyntheticRecipe): readonly [number, number] {
  return [recipe.low ?? 0, recipe.high ?? 1];
}

/**
 * Seeded random examples. An example depends on the seed, the input's name and its index only.
 * `normal`: mean 0, standard deviation 1. `uniform`: from low (included) to high. `integers`: low to high, both included.
 */
export function syntheticSource(
  input: ModelInput,
  recipe: SyntheticRecipe,
  shape: readonly number[],
  wholeInput: boolean,
  tokens: TokenText | undefined,
): ExampleSource {
  const [low, high] = syntheticRange(recipe);
  const count = elementCount(shape);
  const type = rowType(input, recipe);
  const row = (index: number): Row => {
    const data = zeros(type, count, input.name);
    const uniform = randomStream(recipe.seed, input.name, index);
    const draw = drawer(recipe.distribution, uniform, low, high);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      for (let i = 0; i < count; i++) data[i] = BigInt(draw());
    } else {
      for (let i = 0; i < count; i++) data[i] = draw();
    }
    return { type, dims: shape, data };
  };
  const nameOf = (index: number): string => `random input ${index + 1}`;
  return {
    count: undefined,
    shape,
    wholeInput,
    describe: () => `${distributionText(recipe)}, ${shapeText(shape)}, seed ${recipe.seed}`,
    synthetic: true,
    fingerprint: () => Promise.resolve(''),
    read: (index) => Promise.resolve(row(index)),
    ...(tokens === undefined ? {} : { tokens }),
    nameOf,
    preview: (index) =>
      Promise.resolve(
        tokens === undefined
          ? arrayPreview(nameOf(index), row(index))
          : tokenPreview(nameOf(index), row(index), tokens),
      ),
  };
}

/** The input's own type where what is drawn can be held as it, so that a batch takes it over as it is. */
function rowType({ type }: ModelInput, { distribution }: SyntheticRecipe): FeedType {
  const isHeld = type === 'float32' || (distribution === 'integers' && type !== 'float16');
  return isHeld && isFeedType(type) ? type : 'float64';
}

function drawer(
  distribution: SyntheticRecipe['distribution'],
  uniform: () => number,
  low: number,
  high: number,
): () => number {
  switch (distribution) {
    case 'normal':
      return normalStream(uniform);
    case 'uniform':
      return () => low + uniform() * (high - low);
    case 'integers':
      return () => Math.min(high, low + Math.floor(uniform() * (high - low + 1)));
  }
}
