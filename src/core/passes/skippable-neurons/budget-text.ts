import type { LossKind } from '../../experiment/loss-measure.js';

/** "at 1 % more perplexity": what the budget is. */
export function budgetText(kind: LossKind): string {
  return {
    'next-token': 'at 1 % more perplexity of the next token',
    class: 'at 1 % more perplexity of the label',
    divergence: 'at 1 % more perplexity of the model’s own predictions',
    'relative-change': 'at 1 % change of the output',
  }[kind];
}
