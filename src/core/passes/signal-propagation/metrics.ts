/** Colours for the graph: at the node whose output a number is about. */
import type { Graph } from '../../graph/graph.js';
import { byNode } from '../node-numbers.js';
import type { NodeMetric } from '../result.js';
import type { Step } from './report.js';

export function propagationMetrics(steps: readonly Step[], graph: Graph): NodeMetric[] {
  const metric = (
    id: string,
    label: string,
    definition: string,
    values: readonly (readonly [string, number])[],
  ): NodeMetric => ({
    id,
    label,
    definition: `${definition}. The colour is logarithmic.`,
    format: 'number',
    scale: 'sequential',
    spread: 'logarithmic',
    aggregate: 'maximum',
    values: byNode(graph, values),
  });
  const ends = steps.flatMap(({ value, branch, ...step }) => [
    ...(branch === undefined ? [] : [{ ...branch }]),
    { value, variance: step.variance, squaredMean: step.squaredMean },
  ]);
  const branches = steps.flatMap(({ value, branch }) =>
    branch === undefined ? [] : [[value, branch.variance] as const],
  );
  return [
    metric(
      'node-channel-variance',
      'Average channel variance',
      'Population variance of each channel over inputs and positions, averaged over channels',
      ends.map(({ value, variance }) => [value, variance]),
    ),
    metric(
      'node-channel-squared-mean',
      'Average channel squared mean',
      'Square of each channel’s mean over inputs and positions, averaged over channels',
      ends.map(({ value, squaredMean }) => [value, squaredMean]),
    ),
    ...(branches.length === 0
      ? []
      : [
          metric(
            'node-branch-variance',
            'Variance of the branch before the add',
            'At the output of a residual block: the average channel variance of what its branch adds, before a constant factor and before the add',
            branches,
          ),
        ]),
  ];
}
