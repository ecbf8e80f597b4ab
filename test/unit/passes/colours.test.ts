/** What passes count layer by layer in tables colours the graph, too: the same numbers at the layer, or at the node. */
import { expect, it } from 'vitest';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { nodeId } from '../../../src/core/graph/item-ids.js';
import type { ObservedLayer } from '../../../src/core/graph/layers.js';
import { deadUnits } from '../../../src/core/passes/dead-units/pass.js';
import { layerHealth } from '../../../src/core/passes/layer-health/pass.js';
import { massiveActivations } from '../../../src/core/passes/massive-activations/pass.js';
import type { Pass, RunFacts } from '../../../src/core/passes/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { shiftedRelu } from '../../../src/core/passes/shifted-relu/pass.js';
import { signalPropagation } from '../../../src/core/passes/signal-propagation/pass.js';
import { silentSites } from '../../../src/core/passes/silent-sites/pass.js';
import type { UnitWeights } from '../../../src/core/passes/unit-weights.js';
import { zeroSparsity } from '../../../src/core/passes/zero-sparsity/pass.js';
import { modelProto, node, valueInfo, weight, type GraphParts } from '../graph-builder.js';
import { layer, observedBatch, type Activations } from './observed-batch.js';

const graphOf = (parts: GraphParts): Graph => createGraph(modelProto(parts));
const RELU = graphOf({ nodes: [node('Relu', ['z'], ['h'])], inputs: ['z'], outputs: ['h'] });

async function run<State>(
  pass: Pass<State>,
  activations: Readonly<Record<string, Activations>>,
  {
    graph = RELU,
    layers,
    watched = [],
    unitWeights,
  }: Partial<Pick<RunFacts, 'graph' | 'unitWeights'>> & {
    readonly layers: readonly ObservedLayer[];
    readonly watched?: readonly ObservedLayer[];
  },
): Promise<PassResult> {
  const inputsSeen = Object.values(activations)[0]?.length ?? 0;
  const state = pass.start(layers, watched, inputsSeen);
  pass.fold(state, observedBatch(layers, activations));
  const facts: RunFacts = {
    graph,
    layers,
    inputsSeen,
    onInputs: `on ${inputsSeen} inputs`,
    synthetic: false,
    brokenWeights: [],
    ...(unitWeights === undefined ? {} : { unitWeights }),
  };
  await pass.settle?.(state, facts);
  return pass.finish(state, facts);
}

/** A cell of the first row of the first table. */
function cell({ tables }: PassResult, column: string): string | number {
  const table = tables?.[0];
  return table?.rows[0]?.cells[table.columns.findIndex(({ id }) => id === column)] ?? 'no such column';
}
const ofLayer = ({ layerMetrics }: PassResult, id: string): number | undefined =>
  layerMetrics.find((metric) => metric.id === id)?.values['h'];
/** At the node that the first row of the table selects. */
function ofNode({ nodeMetrics, tables }: PassResult, id: string, graph: Graph): number | undefined {
  const selected = graph.nodes.findIndex((each) => nodeId(each) === tables?.[0]?.rows[0]?.item);
  return nodeMetrics?.find((metric) => metric.id === id)?.values[selected];
}

const WEIGHTS: UnitWeights = {
  dead: new Map([['h', [2]]]),
  outgoing: new Map([['h', { of: 'h', sums: Float64Array.of(1, 2, 3, 4), count: 2 }]]),
};
const four = layer({ value: 'h', units: 4 });
/** Unit 2 never fires; 3 has six of nine firings, 1 two, 0 one. */
const H: Activations = [
  [[1], [1], [0], [2]],
  [[0], [1], [0], [3]],
  ...[1, 2, 3, 4].map((value) => [[0], [0], [0], [value]]),
];

it('dead units: dead by weights', async () => {
  const result = await run(deadUnits, { h: H }, { layers: [four], unitWeights: WEIGHTS });
  expect(ofLayer(result, 'layer-static-dead-share')).toBe(Number(cell(result, 'weights')) / 4);
  expect(ofLayer(result, 'layer-static-dead-share')).toBe(0.25);
});

it('zero sparsity: hot and cold units', async () => {
  const result = await run(zeroSparsity, { h: H }, { layers: [four] });
  expect(ofLayer(result, 'layer-hot-units-share')).toBe(cell(result, 'most'));
  // Six of nine firings are less than 80 %, eight are more.
  expect(ofLayer(result, 'layer-hot-units-share')).toBe(0.5);
  expect(ofLayer(result, 'layer-cold-share')).toBe(Number(cell(result, 'cold')) / 4);
  expect(ofLayer(result, 'layer-cold-share')).toBe(0.25);
});

it('silent sites: dead channels', async () => {
  const map = layer({
    value: 'h',
    units: 2,
    shape: [2, 2, 2],
    positionAxes: [2, 3],
    unitWord: 'channels',
    positionWord: 'positions',
  });
  const h = [
    [
      [0, 0, 0, 0],
      [0, 1, 0, 0],
    ],
  ];
  const result = await run(silentSites, { h }, { layers: [map] });
  expect(ofLayer(result, 'layer-dead-channels-share')).toBe(cell(result, 'dead-channels'));
  expect(ofLayer(result, 'layer-dead-channels-share')).toBe(0.5);
});

it('layer health: utility of the least useful tenth', async () => {
  const result = await run(layerHealth, { h: H }, { layers: [four], unitWeights: WEIGHTS });
  expect(ofLayer(result, 'layer-least-tenth-share')).toBe(cell(result, 'tenth'));
  // One unit is the least that a tenth can be, and unit 2 gives nothing.
  expect(ofLayer(result, 'layer-least-tenth-share')).toBe(0);
  const alike = H.map(() => [[1], [1], [1], [1]]);
  const even = await run(layerHealth, { h: alike }, { layers: [four], unitWeights: WEIGHTS });
  expect(ofLayer(even, 'layer-least-tenth-share')).toBeCloseTo(0.1, 12);
});

it('shifted ReLU: shifts for 50, 70, 90 and 95 % of zeros', async () => {
  const z = Array.from({ length: 400 }, (_, row) => [[Math.tan(Math.sin(row * 1.7) * 1.5) + 1e-5]]);
  const watched = [layer({ value: 'z', units: 1, family: 'value' })];
  const result = await run(shiftedRelu, { z }, { layers: [layer({ value: 'h', units: 1 })], watched });
  for (const share of [0.5, 0.7, 0.9, 0.95]) {
    const shift = ofLayer(result, `layer-shift-${share * 100}`) ?? NaN;
    expect(shift).toBe(cell(result, `shift-${share}`));
    expect(z.filter(([unit]) => (unit?.[0] ?? NaN) <= shift).length / z.length).toBeGreaterThanOrEqual(share);
  }
});

it('signal propagation: variance of the branch before the add', async () => {
  const graph = graphOf({
    nodes: [
      node('MatMul', ['x', 'up'], ['u']),
      node('Relu', ['u'], ['a']),
      node('MatMul', ['a', 'down'], ['b']),
      node('Add', ['x', 'b'], ['y']),
      node('MatMul', ['y', 'head'], ['out']),
    ],
    inputs: [valueInfo('x', ['batch', 2])],
    outputs: ['out'],
    initializers: ['up', 'down', 'head'].map((name) => weight(name, [2, 2], [1, 0, 0, 1])),
  });
  const watched = signalPropagation.watches?.({ graph, layers: [] }) ?? [];
  expect(watched.map(({ value }) => value)).toEqual(['y', 'b']);
  const result = await run(
    signalPropagation,
    {
      b: [
        [[1], [0]],
        [[3], [4]],
      ],
      y: [
        [[5], [0]],
        [[9], [0]],
      ],
    },
    { graph, layers: [], watched: watched.map(({ value, label }) => layer({ value, label, units: 2 })) },
  );
  expect(ofNode(result, 'node-branch-variance', graph)).toBe(cell(result, 'branch'));
  // Channels vary by 1 and 4 in the branch, by 4 and 0 in the block.
  expect(ofNode(result, 'node-branch-variance', graph)).toBe(2.5);
  expect(ofNode(result, 'node-channel-variance', graph)).toBe(2);
});

it('massive activations: median, the three largest, inputs with massive entries', async () => {
  const point = layer({
    value: 'h',
    units: 5,
    unitAxes: [2],
    positionAxes: [1],
    shape: [2, 5],
    positionWord: 'tokens',
  });
  const input = (largest: number): number[][] => [
    [largest, 0.25],
    [0.25, 0.25],
    [0.5, 0.25],
    [0.25, 0.25],
    [0.75, 0.25],
  ];
  const result = await run(massiveActivations, { h: [input(500), input(-2)] }, { layers: [], watched: [point] });
  const shown = ['largest', 'second', 'third', 'median'];
  const found = shown.map((id) => ofNode(result, `node-residual-${id}`, RELU));
  expect(found).toEqual(shown.map((id) => cell(result, id)));
  expect(found).toEqual([251, 0.75, 0.5, 0.25]);
  expect(cell(result, 'massive')).toBe('1 of 2');
  expect(ofNode(result, 'node-residual-massive', RELU)).toBe(0.5);
});
