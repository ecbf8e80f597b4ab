/** What a person should know of the inputs as a whole before a run: a sentence each, with what to do. */
import type { Dataset } from './dataset.js';

/** Examples that are looked at for a label. */
const EXAMPLES = 100;

export async function inputNotes(dataset: Dataset): Promise<readonly string[]> {
  return [...oneInputNote(dataset), ...(await labelsNote(dataset))];
}

function oneInputNote({ size }: Dataset): string[] {
  if (size !== 1) return [];
  return [
    'There is one input only: every share rests on it alone, and what another input would do stays open. Choose more inputs, or raise “limit” in the recipe.',
  ];
}

/** Of random inputs nobody knows the right answer. */
async function labelsNote(dataset: Dataset): Promise<string[]> {
  const { size, synthetic } = dataset;
  if (synthetic || size === 0) return [];
  const hasLabels = Array.from({ length: Math.min(size, EXAMPLES) }, (_, index) => dataset.label(index)).some(
    (label) => label !== undefined,
  );
  if (hasLabels || (await dataset.targets(0)).nextTokens !== undefined) return [];
  return [
    'No labels are known. Perplexity, the loss of the right class and accuracy need them; without them, what could be skipped and what a change does is measured by how much the output changes. Name “labels” in the recipe, or put pictures into one folder for each class.',
  ];
}
