/** Inputs of standard normal noise in the shape of the data: the other input of a signal propagation plot (methods F). */
import { problem } from '../errors.js';
import { isFloat } from './model-input.js';
import { arrayPreview } from './previews.js';
import { normalStream, randomStream } from './random.js';
import { conventionalInputs, type FilledInput } from './roles.js';
import type { Row } from './rows.js';
import type { ExampleSource } from './sources/example-source.js';

/**
 * The sources with N(0, 1) in the place of every floating-point value that comes from data; masks, positions, states and
 * constants stay. A number depends on the seed, the input's name, the example's index and its place only.
 * @throws ProblemError `not-applicable` where the data holds whole numbers only.
 */
export function noiseSources(
  filled: readonly FilledInput[],
  sources: ReadonlyMap<string, ExampleSource>,
  seed: number,
): ReadonlyMap<string, ExampleSource> {
  const conventional = conventionalInputs(filled.map(({ input }) => input));
  const noisy = filled.filter(
    ({ input, recipe }) => isFloat(input.type) && recipe.source !== 'constant' && !conventional.has(input.name),
  );
  if (noisy.length === 0) {
    throw problem(
      'not-applicable',
      'Its inputs are token ids or other whole numbers: noise from a normal distribution cannot stand in their place.',
    );
  }
  const names = new Set(noisy.map(({ input }) => input.name));
  return new Map([...sources].map(([name, source]) => [name, names.has(name) ? noise(source, name, seed) : source]));
}

function noise(source: ExampleSource, name: string, seed: number): ExampleSource {
  // The data is read all the same: what cannot be read is left out here, too.
  const read = async (index: number): Promise<Row> => {
    const { dims, data } = await source.read(index);
    const draw = normalStream(randomStream(seed, `noise ${name}`, index));
    return { type: 'float64', dims, data: Float64Array.from({ length: data.length }, draw) };
  };
  const note = `noise (normal, mean 0, standard deviation 1, seed ${seed}) in the shape of `;
  return {
    ...source,
    synthetic: true,
    describe: (used) => note + source.describe(used),
    ...(source.line === undefined ? {} : { line: (used: number) => note + source.line?.(used) }),
    read,
    preview: async (index) => arrayPreview(source.nameOf(index), await read(index)),
  };
}
