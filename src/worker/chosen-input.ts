/** One of the inputs, as a person chose it. */
import type { Batch, Dataset } from '../core/dataset/dataset.js';
import { problem } from '../core/errors.js';
import type { NamedTensors } from '../core/tensor/tensor.js';
import { inputNumber } from '../core/told-numbers.js';

/** @throws ProblemError `invalid-inputs` where there is none of this number, or it cannot be read. */
export async function chosenInput(dataset: Dataset, input: number): Promise<Batch> {
  if (!Number.isInteger(input) || input < 0 || input >= dataset.size) {
    throw problem('invalid-inputs', `There are ${dataset.size} inputs: there is no input ${inputNumber(input)}.`, {
      remedy: 'Choose one of them, or other inputs with “Choose Inputs…”.',
    });
  }
  const batch = await dataset.batch(input, input + 1);
  if (batch.indices.length > 0) return batch;
  const last = dataset.skipped.at(-1);
  throw problem('invalid-inputs', last?.reason ?? 'The input could not be read.', {
    ...(last === undefined ? {} : { place: last.name }),
    remedy: 'Choose another input.',
  });
}

/** @throws as {@link chosenInput} does. */
export async function feedsOf(dataset: Dataset, input: number): Promise<NamedTensors> {
  return (await chosenInput(dataset, input)).feeds;
}
