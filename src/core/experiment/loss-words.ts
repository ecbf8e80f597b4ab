/** How much worse a changed network is, in words. */
import type { LossKind } from './loss-measure.js';

/** What the vertical axis counts. */
export function increaseLabel(kind: LossKind): string {
  return {
    'next-token': 'more perplexity of the next token',
    class: 'more perplexity of the label',
    divergence: 'more perplexity of the model’s own predictions',
    'relative-change': 'relative change of the output',
  }[kind];
}

export function increaseDefinition(kind: LossKind): string {
  return {
    'next-token':
      'Perplexity of the changed network over that of the network as it is, less 1: exp(CE changed − CE clean) − 1.',
    class:
      'e to the cross-entropy of the labels, over that of the network as it is, less 1: exp(CE changed − CE clean) − 1.',
    divergence:
      'exp(KL(p clean ‖ p changed)) − 1: the same as for labels, with the predictions of the network as it is for labels (OURS).',
    'relative-change': 'Mean over inputs of ‖changed − clean‖ / ‖clean‖ (OURS).',
  }[kind];
}

const twoDigits = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** "+0.97 %", "−0.2 %"; never "0 %" for something that changed. */
export function increaseText(increase: number): string {
  const sign = increase < 0 ? '−' : '+';
  const percent = Math.abs(100 * increase);
  return percent > 0 && percent < 0.005 ? `under ${sign}0.01 %` : `${sign}${twoDigits.format(percent)} %`;
}
