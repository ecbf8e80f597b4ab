/** What a signal propagation plot shows and says. */
import type { Graph } from '../../graph/graph.js';
import { itemOf } from '../node-numbers.js';
import type { RunFacts } from '../pass.js';
import type { Curve, Finding, Headline, ResultTable } from '../result.js';
import { amount, count } from '../words.js';
import type { Propagated } from './state.js';

/** One step in depth: the output of a residual block, or an activation layer where there are none. */
export interface Step extends Propagated {
  readonly label: string;
  /** ONNX value name. */
  readonly value: string;
  /** Variance at the end of the residual branch, before the add; absent for layers. */
  readonly branch?: Propagated & { readonly value: string };
  readonly transition: boolean;
  /** What an NF-ResNet of this structure would have. */
  readonly expected?: number;
  readonly nonFiniteInputs: number;
}

export type Stage = 'residual block' | 'activation layer';

/** Ours: a variance that changes by more than this over the depth is told. */
const NOTABLE_FACTOR = 100;
/** Ours: a transition that leaves less than this share of the variance before it is a reset. */
const RESET_SHARE = 0.5;
/** Ours: a branch with less than this share of its block's variance hardly takes part. */
const IDLE_SHARE = 1e-4;
/** Fewer inputs than this make the means of channels uncertain (methods F). */
const ENOUGH_INPUTS = 64;

const plural = (steps: readonly Step[], stage: Stage): string =>
  `${count(steps.length)} ${stage}${steps.length === 1 ? '' : 's'}`;

export function propagationAnswer(steps: readonly Step[], stage: Stage, facts: RunFacts): string {
  const finite = steps.filter(({ variance }) => Number.isFinite(variance));
  const [first] = finite;
  const last = finite.at(-1);
  const without =
    stage === 'residual block' ? '' : ' No residual blocks were found, so activation layers stand instead.';
  if (first === undefined || last === undefined) return `No finite value was seen ${facts.onInputs}.${without}`;
  const caution =
    facts.inputsSeen < ENOUGH_INPUTS
      ? ` This rests on fewer than ${ENOUGH_INPUTS} inputs: squared means are too large by about variance ÷ entries.`
      : '';
  const way =
    first === last
      ? `is ${amount(first.variance)} in ${first.label}`
      : `goes from ${amount(first.variance)} (${first.label}) to ${amount(last.variance)} (${last.label})`;
  return `Over ${plural(steps, stage)}, average channel variance ${way}, ${facts.onInputs}.${caution}${without}`;
}

/** How far variance goes over the depth; none where fewer than two steps are finite and above 0. */
export function propagationHeadlines(steps: readonly Step[], stage: Stage): Headline[] {
  const finite = steps.filter(({ variance }) => Number.isFinite(variance) && variance > 0);
  const [first, last] = [finite[0], finite.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  return [
    {
      id: 'variance-over-depth',
      label: 'Variance, last ÷ first',
      definition: `Average channel variance (population, over inputs and positions) at the last ${stage} over that at the first.`,
      format: 'number',
      value: last.variance / first.variance,
    },
  ];
}

export function propagationFindings(steps: readonly Step[], stage: Stage, graph: Graph, facts: RunFacts): Finding[] {
  const at = (step: Step): Pick<Finding, 'item'> => itemOf(graph, step.value);
  const finite = steps.filter(({ variance }) => Number.isFinite(variance) && variance > 0);
  const [first] = finite;
  if (first === undefined) return [];
  const found: Finding[] = [];
  const largest = finite.reduce((most, step) => (step.variance > most.variance ? step : most));
  const growth = largest.variance / first.variance;
  if (growth >= NOTABLE_FACTOR) {
    found.push({
      severity: 'warning',
      kind: 'variance-grows',
      weight: Math.min(1, Math.log10(growth) / 10),
      sentence: `Variance grows ×${amount(growth)} with depth: from ${amount(first.variance)} in ${first.label} to ${amount(largest.variance)} in ${largest.label} (average over channels, ${facts.onInputs}).`,
      ...at(largest),
      advice:
        'Without normalisation or smaller branches, deeper layers decide less and half precision may overflow. A few channels alone can do this: see massive activations.',
    });
  }
  const last = finite.at(-1) as Step;
  const shrinkage = first.variance / last.variance;
  if (shrinkage >= NOTABLE_FACTOR) {
    found.push({
      severity: 'warning',
      kind: 'variance-vanishes',
      weight: Math.min(1, Math.log10(shrinkage) / 10),
      sentence: `Variance vanishes with depth: ×${amount(1 / shrinkage)} from ${first.label} (${amount(first.variance)}) to ${last.label} (${amount(last.variance)}; average over channels, ${facts.onInputs}).`,
      ...at(last),
      advice: 'What distinguishes inputs is lost on the way; gradients to the early layers are likely as small.',
    });
  }
  const resets = steps.filter(
    ({ transition, variance }, index) => transition && variance < RESET_SHARE * (steps[index - 1]?.variance ?? NaN),
  );
  if (resets.length > 0) {
    found.push({
      severity: 'information',
      kind: 'variance-resets',
      weight: resets.length / steps.length,
      sentence: `Variance is reset at ${count(resets.length)} of ${count(steps.filter(({ transition }) => transition).length)} transitions, where it falls to less than half: ${resets.map(({ label }) => label).join(', ')} (${facts.onInputs}).`,
      ...at(resets[0] as Step),
      advice: 'That is how networks with normalised shortcuts keep their variance in bounds.',
    });
  }
  for (const step of steps) {
    const share = step.branch === undefined ? NaN : step.branch.variance / step.variance;
    if (!(share < IDLE_SHARE)) continue;
    found.push({
      severity: 'information',
      weight: 1 - share,
      sentence: `${step.label}: the branch adds next to nothing; its variance is ${amount(step.branch?.variance ?? NaN)} beside the block’s ${amount(step.variance)} (${facts.onInputs}).`,
      ...at(step),
      advice: `The ${stage} could be tried without its branch.`,
    });
  }
  return found;
}

/** Orders of magnitude are drawn along a logarithmic axis. */
function spreadOf(values: readonly number[]): Pick<Curve, 'spread'> {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const wide = Math.max(...positive) / Math.min(...positive) > NOTABLE_FACTOR;
  return wide ? { spread: 'logarithmic' } : {};
}

export function propagationCurves(steps: readonly Step[], stage: Stage, facts: RunFacts): Curve[] {
  const depth = (some: readonly Step[]): Float32Array => Float32Array.from(some, (step) => steps.indexOf(step) + 1);
  const xLabel = stage === 'residual block' ? 'Residual block' : 'Activation layer';
  const data = facts.synthetic ? 'random inputs' : 'the inputs';
  const branches = steps.filter(({ branch }) => branch !== undefined);
  const expected = steps.filter(({ expected: value }) => value !== undefined);
  return [
    {
      id: 'channel-variance-by-depth',
      title: 'Average channel variance by depth',
      xLabel,
      yLabel: 'Average channel variance',
      definition: `Population variance of each channel over ${data} and positions, averaged over channels, at the output of every ${stage}; before the add, at the end of its branch.`,
      format: 'number',
      ...spreadOf(steps.flatMap(({ variance, branch }) => [variance, branch?.variance ?? NaN])),
      series: [
        {
          label: stage === 'residual block' ? 'Output of the block' : 'Output of the layer',
          x: depth(steps),
          y: Float32Array.from(steps, ({ variance }) => variance),
        },
        ...(branches.length === 0
          ? []
          : [
              {
                label: 'End of the branch, before the add',
                x: depth(branches),
                y: Float32Array.from(branches, ({ branch }) => branch?.variance ?? NaN),
              },
            ]),
        ...(expected.length === 0
          ? []
          : [
              {
                label: 'NF-ResNet’s analytic line (variance grows by α² per block, transitions reset it to 1)',
                x: depth(expected),
                y: Float32Array.from(expected, (step) => step.expected ?? NaN),
                dashed: true,
              },
            ]),
      ],
    },
    {
      id: 'channel-squared-mean-by-depth',
      title: 'Average channel squared mean by depth',
      xLabel,
      yLabel: 'Average channel squared mean',
      definition: `Square of each channel’s mean over ${data} and positions, averaged over channels, at the output of every ${stage}. It is too large by about variance ÷ independent entries.`,
      format: 'number',
      ...spreadOf(steps.map(({ squaredMean }) => squaredMean)),
      series: [
        {
          label: stage === 'residual block' ? 'Output of the block' : 'Output of the layer',
          x: depth(steps),
          y: Float32Array.from(steps, ({ squaredMean }) => squaredMean),
        },
      ],
    },
  ];
}

export function propagationTable(steps: readonly Step[], stage: Stage, graph: Graph): ResultTable {
  const ofBlocks = stage === 'residual block';
  const hasExpected = steps.some(({ expected }) => expected !== undefined);
  const someLeftOut = steps.some(({ nonFiniteInputs }) => nonFiniteInputs > 0);
  return {
    id: 'signal-propagation',
    title: ofBlocks ? 'Residual blocks in depth' : 'Activation layers in depth',
    definition:
      'Average over channels of the channel’s squared mean and of its population variance, over inputs and positions.' +
      (ofBlocks ? ' The branch is read where it ends, before a constant factor and before the add.' : ''),
    columns: [
      { id: 'depth', label: 'Depth', format: 'count' },
      { id: 'place', label: ofBlocks ? 'Block' : 'Layer', format: 'text' },
      { id: 'variance', label: 'Variance', format: 'number' },
      { id: 'squared-mean', label: 'Squared mean', format: 'number' },
      ...(ofBlocks
        ? [
            { id: 'branch', label: 'Variance of the branch', format: 'number' as const },
            { id: 'shortcut', label: 'Shortcut', format: 'text' as const },
          ]
        : []),
      ...(hasExpected ? [{ id: 'expected', label: 'NF-ResNet’s line', format: 'number' as const }] : []),
      ...(someLeftOut ? [{ id: 'left-out', label: 'Inputs not finite', format: 'count' as const }] : []),
    ],
    rows: steps.map((step, index) => ({
      cells: [
        index + 1,
        step.label,
        step.variance,
        step.squaredMean,
        ...(ofBlocks ? [step.branch?.variance ?? NaN, step.transition ? 'changes' : 'as it is'] : []),
        ...(hasExpected ? [step.expected ?? NaN] : []),
        ...(someLeftOut ? [step.nonFiniteInputs] : []),
      ],
      ...itemOf(graph, step.value),
    })),
  };
}
