import type { Pass } from '../pass.js';
import {
  createPointMagnitudes,
  foldPointMagnitudes,
  mergePointMagnitudes,
  type PointMagnitudes,
} from '../point-magnitudes.js';
import { isStream, needsTokenStream, residualPoints } from '../residual-points.js';
import { NO_ACTIVATIONS } from '../result.js';
import { mergePerLayer, perLayer, type PerLayer } from '../units.js';
import { massiveMetrics } from './metrics.js';
import {
  dimensionTable,
  massiveAnswer,
  massiveHeadlines,
  massiveCurves,
  massiveFindings,
  pointTable,
} from './report.js';

const VERSION = 3;

/** The few huge, nearly constant coordinates of a residual stream: methods E. */
export const massiveActivations: Pass<PerLayer<PointMagnitudes>> = {
  id: 'massive-activations',
  version: VERSION,
  title: 'Massive activations',
  question:
    'Does the residual stream hold a few huge entries, in which dimensions, at which tokens, and from which layer on?',
  method:
    'At the start of the residual stream and after every branch that is added to it, the entries of one input (all tokens ' +
    'and dimensions; padding left out) give the three largest |h|, the exact median of |h| (two histograms over the bits ' +
    'of the numbers), and their ratio; these are averaged over inputs. An entry a is massive iff |a| > 100 and |a| ÷ ' +
    'median ≥ 1,000, decided input by input: small models miss the first bar, so that the ratio is always shown beside ' +
    'it. Entries that are not finite are counted and left out. Where the largest entry of an input lies is told by its ' +
    'token’s text, as far as the inputs are texts, and by its position. Source: “Massive Activations in Large Language ' +
    'Models” (Sun, Chen, Kolter, Liu 2024) and “Hidden Dynamics of Massive Activations in Transformer Training” (2025).',
  applies: needsTokenStream,
  readsTokens: true,
  watches: residualPoints,
  plan: (_, watched = []) => watched.filter(isStream).map(({ value }) => ({ layer: value, kind: 'values' })),
  start: (_, watched = []) => perLayer(watched.filter(isStream), createPointMagnitudes),
  fold(state, batch) {
    for (const point of state.values()) foldPointMagnitudes(point, batch);
  },
  merge: (state, other) => mergePerLayer(state, other, mergePointMagnitudes),
  finish(state, facts) {
    const points = [...state.values()];
    return {
      pass: 'massive-activations',
      passVersion: VERSION,
      answer: massiveAnswer(points, facts),
      headlines: massiveHeadlines(points),
      findings: massiveFindings(points, facts.graph, facts),
      ...NO_ACTIVATIONS,
      curves: massiveCurves(points, facts),
      nodeMetrics: massiveMetrics(points, facts.graph),
      tables: [pointTable(points, facts.graph), dimensionTable(points, facts.graph)],
    };
  },
};
