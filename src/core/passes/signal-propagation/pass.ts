import { residualBlocks } from '../../graph/residual-blocks.js';
import type { Observation } from '../../rewrite/observation.js';
import type { Pass, RunFacts } from '../pass.js';
import { NO_ACTIVATIONS } from '../result.js';
import { mergePerLayer, perLayer, type PerLayer } from '../units.js';
import { expectedVariances } from './expected-variance.js';
import { propagationMetrics } from './metrics.js';
import {
  propagationAnswer,
  propagationHeadlines,
  propagationCurves,
  propagationFindings,
  propagationTable,
  type Stage,
  type Step,
} from './report.js';
import {
  createChannelMoments,
  foldChannelMoments,
  mergeChannelMoments,
  propagated,
  type ChannelMoments,
} from './state.js';

const VERSION = 2;

/** Whether means and variances grow, vanish or reset with depth: methods F. */
export const signalPropagation: Pass<PerLayer<ChannelMoments>> = {
  id: 'signal-propagation',
  version: VERSION,
  title: 'Signal propagation',
  question: 'Do the means and variances of the signal grow, vanish or reset with depth?',
  method:
    'One forward per batch. At the output of every residual block (behind the activation that alone reads the sum, where ' +
    'there is one) and at the end of every residual branch before the add, the mean and the population variance of each ' +
    'channel are taken over inputs and positions (tokens in a transformer, where a channel is a coordinate of the residual ' +
    'stream), merged in double precision, and averaged over channels. Residual blocks are found by structure: a branch ' +
    'with weights that is added to the value it started from. Where there are none, activation layers stand instead. ' +
    'Inputs on which a channel is not finite are left out of it. Where every branch has a constant factor α, the dashed ' +
    'line is what an NF-ResNet with these factors would have. “Compare with controls” adds the same with inputs of N(0, 1) ' +
    'noise. Source: “Characterizing signal propagation to close the ' +
    'performance gap in unnormalized ResNets” (Brock, De, Smith, ICLR 2021).',
  comparesNoise: true,
  applies: ({ graph, layers }) =>
    layers.length > 0 || residualBlocks(graph).length > 0
      ? { applies: true }
      : { applies: false, reason: 'Neither residual blocks nor activation layers were found in this graph.' },
  watches: ({ graph }) =>
    residualBlocks(graph).flatMap(({ output, branchEnd, label }) => [
      { value: output, label },
      { value: branchEnd, label: `${label}, end of the branch` },
    ]),
  plan: (layers, watched = []) =>
    points(layers, watched).flatMap(({ value }): Observation[] => [
      { layer: value, kind: 'sum' },
      { layer: value, kind: 'sum-of-squares' },
    ]),
  start: (layers, watched = []) => perLayer(points(layers, watched), createChannelMoments),
  fold(state, batch) {
    for (const moments of state.values()) foldChannelMoments(moments, batch);
  },
  merge: (state, other) => mergePerLayer(state, other, mergeChannelMoments),
  finish(state, facts) {
    const blocks = blockSteps(state, facts);
    const stage: Stage = blocks.length > 0 ? 'residual block' : 'activation layer';
    const steps = blocks.length > 0 ? blocks : layerSteps(state);
    return {
      pass: 'signal-propagation',
      passVersion: VERSION,
      answer: propagationAnswer(steps, stage, facts),
      headlines: propagationHeadlines(steps, stage),
      findings: propagationFindings(steps, stage, facts.graph, facts),
      ...NO_ACTIVATIONS,
      curves: steps.length > 1 ? propagationCurves(steps, stage, facts) : [],
      nodeMetrics: propagationMetrics(steps, facts.graph),
      tables: [propagationTable(steps, stage, facts.graph)],
    };
  },
};

/** Activation layers stand in where no point of a residual block could be observed. */
const points = <T>(layers: readonly T[], watched: readonly T[]): readonly T[] =>
  watched.length > 0 ? watched : layers;

function blockSteps(state: PerLayer<ChannelMoments>, { graph }: RunFacts): Step[] {
  const blocks = residualBlocks(graph);
  const scaled = blocks.flatMap(({ branchFactor, transition }) =>
    branchFactor === undefined ? [] : [{ branchFactor, transition }],
  );
  // The line is about networks that scale every branch.
  const expected = scaled.length === blocks.length ? expectedVariances(scaled) : [];
  return blocks.flatMap(({ output, branchEnd, label, transition }, index): Step[] => {
    const end = state.get(output);
    const branch = state.get(branchEnd);
    if (end === undefined) return [];
    const line = expected[index];
    return [
      {
        label,
        value: output,
        ...propagated(end.moments),
        ...(branch === undefined ? {} : { branch: { value: branchEnd, ...propagated(branch.moments) } }),
        transition,
        ...(line === undefined ? {} : { expected: line }),
        nonFiniteInputs: end.nonFiniteInputs,
      },
    ];
  });
}

function layerSteps(state: PerLayer<ChannelMoments>): Step[] {
  return [...state.values()].map(({ point, moments, nonFiniteInputs }) => ({
    label: point.label,
    value: point.value,
    ...propagated(moments),
    transition: false,
    nonFiniteInputs,
  }));
}
