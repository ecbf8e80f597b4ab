import { elementCount } from '../../tensor/tensor.js';
import { shapeText, type ModelInput } from '../model-input.js';
import { arrayPreview } from '../previews.js';
import type { ConstantRecipe } from '../recipe.js';
import { type Row, zeros } from '../rows.js';
import type { ExampleSource } from './example-source.js';

/** The same value everywhere, or 0, 1, 2, … along the last axis (`range`: position ids). */
export function constantSource(
  input: ModelInput,
  recipe: ConstantRecipe,
  shape: readonly number[],
  wholeInput: boolean,
): ExampleSource {
  const last = shape.at(-1) ?? 1;
  const make = (): Row => {
    const data = zeros('float64', elementCount(shape), input.name) as Float64Array;
    const { value } = recipe;
    if (value === 'range') data.forEach((_, i) => (data[i] = i % last));
    else data.fill(value);
    return { type: 'float64', dims: shape, data };
  };
  const what = recipe.value === 'range' ? 'counted up from 0' : `always ${recipe.value}`;
  return {
    count: undefined,
    shape,
    wholeInput,
    describe: () => (elementCount(shape) === 0 ? `empty, ${shapeText(shape)}` : what),
    synthetic: false,
    fingerprint: () => Promise.resolve(''),
    read: () => Promise.resolve(make()),
    nameOf: () => input.name,
    preview: () => Promise.resolve(arrayPreview(input.name, make())),
  };
}
