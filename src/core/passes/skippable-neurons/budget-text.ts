import { allowedText } from '../../experiment/allowed-loss-increase.js';
import type { Examined } from './examined.js';

/** "at 1 % more perplexity": what the budget is. */
export function budgetText({ measure, subject }: Pick<Examined, 'measure' | 'subject'>): string {
  const allowed = allowedText(subject.allowedLossIncrease);
  return {
    'next-token': `at ${allowed} more perplexity of the next token`,
    class: `at ${allowed} more perplexity of the label`,
    divergence: `at ${allowed} more perplexity of the model’s own predictions`,
    'relative-change': `at ${allowed} change of the output`,
  }[measure.kind];
}
