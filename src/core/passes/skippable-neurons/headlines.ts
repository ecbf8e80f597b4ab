/** The numbers that controls stand beside: how much can be skipped, and what that saves. */
import { allowedText } from '../../experiment/allowed-loss-increase.js';
import { countParameters } from '../../graph/parameters.js';
import type { Headline } from '../result.js';
import { compact, count, percent } from '../words.js';
import { budgetText } from './budget-text.js';
import type { Examined } from './examined.js';
import type { LayerNumbers } from './metrics.js';
import { savingsTogether } from './savings.js';

export function headlines(examined: Examined, numbers: readonly LayerNumbers[]): Headline[] {
  const { subject, search } = examined;
  const budget = budgetText(examined);
  const saved = savedOf(examined, numbers);
  return [
    {
      id: 'skippable',
      label: `Can be skipped, at most ${allowedText(subject.allowedLossIncrease)} worse`,
      definition: `Share of (site, neuron) entries of all layers that are skipped ${budget}: |n| below its layer’s threshold, strictly.`,
      format: 'share',
      value: search.best.skipped.sparsity,
    },
    ...(saved === undefined
      ? []
      : [
          {
            id: 'operations-saved',
            label: 'Operations not done, per input',
            definition: `Multiplications and additions of one input, over all its sites, that go with the neurons skipped ${budget}, all layers together, where something foretells which they are. An estimate from sizes.`,
            format: 'count' as const,
            value: Math.round(saved.operations),
          },
        ]),
    ...(saved?.parameters === undefined
      ? []
      : [
          {
            id: 'weights-saved',
            label: 'Parameters not read at a token',
            definition: `Weights of the neurons skipped at a token, mean over tokens, ${budget}, of the model’s ${count(saved.total)} parameters, where something foretells which neurons these are. An estimate from sizes.`,
            format: 'share' as const,
            value: saved.parameters,
          },
        ]),
  ];
}

/** What it saves, in words; nothing where no block is known. */
export function savedText(examined: Examined, numbers: readonly LayerNumbers[]): string {
  const saved = savedOf(examined, numbers);
  if (saved === undefined) return '';
  const weights =
    saved.parameters === undefined
      ? ''
      : ` and ${percent(saved.parameters)} of the model’s ${count(saved.total)} parameters not read at a token`;
  return ` By their sizes, that is ${compact(saved.operations)} operations not done per input${weights}, where something foretells which they are.`;
}

/** Undefined where no block is known; `parameters`, a share of all, only where weights are read token by token. */
function savedOf(
  { subject }: Examined,
  numbers: readonly LayerNumbers[],
): { readonly operations: number; readonly total: number; readonly parameters?: number } | undefined {
  const savings = savingsTogether(numbers);
  if (savings === undefined) return undefined;
  const { all, operations } = savings;
  const { total } = countParameters(subject.graph);
  return { operations, total, ...(all === undefined || total === 0 ? {} : { parameters: all / total }) };
}
