/** The ways of saying what each part of the input gave to an output: their names, and one plain sentence each. */
import type { AttributionMethod, Baseline, PatternRule } from '../../src/protocol/attribution.js';
import { ui } from '../state/interface-state.js';

export type ScoreKind = 'votes' | AttributionMethod['kind'];

export const METHOD_NAMES: Readonly<Record<ScoreKind, string>> = {
  votes: 'Votes',
  'gradient-input': 'Gradient × input',
  relevance: 'Relevance',
  'integrated-gradients': 'Integrated gradients',
};

export const METHOD_SENTENCES: Readonly<Record<ScoreKind, string>> = {
  votes: 'Every operator is held as it acted on this input, and what each part added is counted.',
  'gradient-input': 'How steeply the output rises with each number here, times the number itself.',
  relevance:
    'The output is handed back layer by layer: spreads of normalisations are held, and a gate and what it gates get half each.',
  'integrated-gradients':
    'The steepness, averaged over the straight way from a baseline to this input, times the difference of both.',
};

/** Why something is left, where something is. */
export const GAP_REASONS: Readonly<Record<ScoreKind, string>> = {
  votes: 'Votes and biases are the whole output; what is left is rounding.',
  'gradient-input':
    'What is left is what the network bends between 0 and this input: the derivative here knows nothing of it.',
  relevance:
    'What is left is what softmaxes bend; with attention patterns held, only rounding is left. Contributions under held coefficients are no causes.',
  'integrated-gradients':
    'What is left is what so few steps miss. More steps make it smaller; a baseline at which a normalisation has nothing to divide by, such as zeros, may need very many.',
};

/** The methods with the options that a person chose. */
export function gradientMethod(): AttributionMethod {
  return { kind: 'gradient-input' };
}

export function relevanceMethod(): AttributionMethod {
  return { kind: 'relevance', patterns: ui.attributionPatterns.value };
}

export function integratedMethod(example: number, size: number): AttributionMethod {
  const baseline = baselineOf(ui.attributionBaseline.value, example, size);
  return { kind: 'integrated-gradients', steps: ui.attributionSteps.value, baseline };
}

function baselineOf(kind: Baseline['kind'], example: number, size: number): Baseline {
  return kind === 'example' ? { kind, example: baselineExample(example, size) } : { kind };
}

/** The input that the way begins at: the one that was chosen, else the next. */
export function baselineExample(example: number, size: number): number {
  return Math.min(size - 1, ui.attributionOther.value ?? (example + 1) % size);
}

export const BASELINES: readonly { readonly value: Baseline['kind']; readonly label: string }[] = [
  { value: 'zeros', label: 'All zeros' },
  { value: 'mean', label: 'Mean of the inputs' },
  { value: 'example', label: 'Another input' },
];

export const PATTERN_RULES: readonly { readonly value: PatternRule; readonly label: string }[] = [
  { value: 'tangent', label: 'Follow their derivative' },
  { value: 'frozen', label: 'Hold their pattern' },
];
