import { rectifiedInput } from '../../graph/activations/rectifier.js';
import type { Graph } from '../../graph/graph.js';
import type { ObservedLayer } from '../../graph/layers.js';
import { findRoles } from '../../graph/roles/roles.js';
import { BUCKETS, countValues, shareUpTo, upperEdges } from '../../summary/histogram.js';
import type { ModelFacts, Pass, RunFacts, WatchedValue } from '../pass.js';
import type { Curve, Headline, LayerMetric, PassResult, ResultTable } from '../result.js';
import { mergePerLayer, perLayer, type PerLayer } from '../units.js';
import { count, oneInputCaution, percent } from '../words.js';

const VERSION = 3;
/** Shares of zeros whose shift the table tells. */
const WANTED = [0.5, 0.7, 0.9, 0.95] as const;
/** The curve leaves out shifts at which fewer, or more, are zero. */
const [LEAST, MOST] = [0.005, 0.995];

/** How many zeros a shifted ReLU would make: methods C1. */
export const shiftedRelu: Pass<PerLayer<Shifted>> = {
  id: 'shifted-relu',
  version: VERSION,
  title: 'Shifted ReLU what-if',
  question: 'How sparse would a ReLU make every layer, and how much sparser a shifted one?',
  method:
    'The values that go into an activation function are counted in buckets (eight per power of two). A shifted ReLU, ' +
    'max(0, z − b), is exactly 0 where z ≤ b, so the share of zeros at a shift b is the share of values up to b; b = 0 is what ' +
    'plain relufication gives. Layers: ReLUs, and whatever function stands between up and down of an MLP block. Only ' +
    'zeros are counted here: what a ReLU, or a shifted one, costs in quality is measured by “Skippable neurons”, which runs the changed network. Very large layers are ' +
    'counted on a regular grid of positions. Source: “ReLU Strikes Back” (Mirzadeh et al., ICLR 2024).',
  applies: (model) =>
    sources(model.graph, model.layers).length > 0
      ? { applies: true }
      : {
          applies: false,
          reason: 'The graph has neither a ReLU nor an MLP block whose activation function could become one.',
        },
  watches: ({ graph, layers }: ModelFacts): WatchedValue[] =>
    sources(graph, layers).map(({ from, label }) => ({ value: from, label: `${label}, before its function` })),
  plan: (_, watched = []) => watched.map(({ value }) => ({ layer: value, kind: 'sample' })),
  start: (_, watched = []) =>
    perLayer(watched, (layer) => ({ layer, histogram: new Uint32Array(BUCKETS), total: { values: 0 } })),
  fold(state, batch) {
    for (const { layer, histogram, total } of state.values()) {
      const { data, columns, entries } = batch.get(layer.value, 'sample');
      const length = batch.indices.length * columns;
      countValues(histogram, 0, data, 0, length);
      total.values += batch.indices.length * layer.units * entries;
    }
  },
  merge: (state, other) =>
    mergePerLayer(state, other, (into, from) => {
      for (let bucket = 0; bucket < BUCKETS; bucket++)
        into.histogram[bucket] = (into.histogram[bucket] as number) + (from.histogram[bucket] as number);
      into.total.values += from.total.values;
    }),
  finish: (state, facts) => resultOf(state, facts),
};

interface Shifted {
  readonly layer: ObservedLayer;
  readonly histogram: Uint32Array;
  /** Values there were, counted or not. */
  readonly total: { values: number };
}

interface Source {
  /** The layer whose function it goes into. */
  readonly layer: string;
  readonly label: string;
  readonly from: string;
}

function sources(graph: Graph, layers: readonly { readonly value: string; readonly label: string }[]): Source[] {
  const before = new Map(
    findRoles(graph).mlpBlocks.flatMap(({ activation, preActivation }) =>
      preActivation === undefined ? [] : [[activation, preActivation] as const],
    ),
  );
  return layers.flatMap(({ value, label }) => {
    const producer = graph.producerOf(value);
    const rectified = producer === undefined ? undefined : rectifiedInput(graph, producer);
    const from = rectified === undefined ? before.get(value) : producer?.inputs[rectified];
    return from === undefined || graph.initializer(from) !== undefined ? [] : [{ layer: value, label, from }];
  });
}

interface Found extends Source {
  readonly histogram: Uint32Array;
  readonly total: number;
}

/** "28 % (layer1.relu) to 73 % (layer3.relu)". */
function spreadText(found: readonly Found[], shares: readonly number[]): string {
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  if (least === most) return percent(least);
  const labelOf = (share: number): string => found[shares.indexOf(share)]?.label ?? '';
  return `${percent(least)} (${labelOf(least)}) to ${percent(most)} (${labelOf(most)})`;
}

function resultOf(state: PerLayer<Shifted>, facts: RunFacts): PassResult {
  const found = sources(facts.graph, facts.layers).flatMap((source): Found[] => {
    const shifted = state.get(source.from);
    return shifted === undefined ? [] : [{ ...source, histogram: shifted.histogram, total: shifted.total.values }];
  });
  const plain = found.map(({ histogram }) => shareUpTo(histogram, 0));
  const metrics: LayerMetric[] = [
    {
      id: 'layer-relu-zeros',
      label: 'Zeros with a ReLU',
      definition:
        'Share of the values into the layer’s function that are ≤ 0: what a ReLU in its place makes exactly 0.',
      format: 'share',
      scale: 'sequential',
      values: Object.fromEntries(found.map(({ layer, histogram }) => [layer, shareUpTo(histogram, 0)])),
    },
    ...WANTED.map((share): LayerMetric => ({
      id: `layer-shift-${share * 100}`,
      label: `Shift for ${share * 100} % zeros`,
      definition: `The least bucket edge b at which ${share * 100} % or more of the values z into the layer’s function are ≤ b, so that max(0, z − b) makes them exactly 0; edges are 9 to 13 % apart.`,
      format: 'number',
      scale: 'diverging',
      values: Object.fromEntries(
        found.flatMap(({ layer, histogram }) => {
          const shift = shiftFor(histogram, share);
          return shift === undefined ? [] : [[layer, shift]];
        }),
      ),
    })),
  ];
  return {
    pass: 'shifted-relu',
    passVersion: VERSION,
    answer:
      found.length === 0
        ? 'No value before an activation function could be observed.'
        : `A plain ReLU makes ${spreadText(found, plain)} of the values exactly 0; ` +
          `larger shifts make more, as the curve shows (${facts.onInputs}).${oneInputCaution(facts.inputsSeen)}`,
    headlines: found.length === 0 ? [] : [zerosWithRelu(found)],
    findings: [],
    layerMetrics: metrics.filter(({ values }) => Object.keys(values).length > 0),
    unitMetrics: [],
    exampleMetrics: [],
    curves: found.length === 0 ? [] : [curveOf(found)],
    tables: found.length === 0 ? [] : [tableOf(found, facts)],
  };
}

function zerosWithRelu(found: readonly Found[]): Headline {
  const values = found.reduce((sum, { total }) => sum + total, 0);
  return {
    id: 'relu-zeros',
    label: 'Zeros with a ReLU',
    definition:
      'Share of the values into the functions of all these layers (units × positions × inputs) that are ≤ 0: what a ReLU in ' +
      'their places makes exactly 0.',
    format: 'share',
    value: found.reduce((sum, { histogram, total }) => sum + shareUpTo(histogram, 0) * total, 0) / values,
  };
}

function curveOf(found: readonly Found[]): Curve {
  return {
    id: 'shifted-relu',
    title: 'Zeros of a shifted ReLU',
    xLabel: 'Shift b',
    xFormat: 'number',
    yLabel: 'Share of zeros',
    definition:
      'Share of the values z into a layer’s function with z ≤ b, which max(0, z − b) makes exactly 0, over units, positions and inputs.',
    format: 'share',
    series: found.map(({ layer, label, histogram }) => {
      const points = upperEdges()
        .map((edge) => ({ edge, share: shareUpTo(histogram, edge) }))
        .filter(({ share }) => share >= LEAST && share <= MOST);
      return {
        label,
        layer,
        x: Float32Array.from(points, ({ edge }) => edge),
        y: Float32Array.from(points, ({ share }) => share),
      };
    }),
  };
}

/** Undefined where not even the last edge makes so many zero. */
function shiftFor(histogram: Uint32Array, share: number): number | undefined {
  return upperEdges().find((edge) => shareUpTo(histogram, edge) >= share);
}

function tableOf(found: readonly Found[], facts: RunFacts): ResultTable {
  return {
    id: 'shifts',
    title: 'Shifts that make a layer sparse',
    definition:
      `The least bucket edge b at which so many values z ${facts.onInputs} are ≤ b; edges are 9 to 13 % apart. A plain ReLU has b = 0. ` +
      'Counted: values that the histogram rests on, of all there were.',
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'plain', label: 'Zeros at b = 0', format: 'share' },
      ...WANTED.map((share) => ({ id: `shift-${share}`, label: `b for ${share * 100} %`, format: 'number' as const })),
      { id: 'counted', label: 'Counted', format: 'text' },
    ],
    rows: found.map(({ label, histogram, total }) => ({
      cells: [
        label,
        shareUpTo(histogram, 0),
        ...WANTED.map((share) => shiftFor(histogram, share) ?? '–'),
        `${count(histogram.reduce((sum, each) => sum + each, 0))} of ${count(total)}`,
      ],
    })),
  };
}
