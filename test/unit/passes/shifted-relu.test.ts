/** Methods C1: the share of zeros as a function of a ReLU’s shift. */
import { expect, it } from 'vitest';
import { BUCKETS, countValues, shareUpTo, upperEdges } from '../../../src/core/summary/histogram.js';
import { shiftedRelu } from '../../../src/core/passes/shifted-relu/pass.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { modelProto, node } from '../graph-builder.js';
import { layer, observedBatch } from './observed-batch.js';

// No value lies on an edge but 0.
const values = Float32Array.from({ length: 5000 }, (_, at) =>
  at % 7 === 0 ? 0 : Math.tan(Math.sin(at * 1.7) * 1.5) + 1e-5,
);

it('shares up to an edge are those of the values themselves', () => {
  const histogram = new Uint32Array(BUCKETS);
  countValues(histogram, 0, values, 0, values.length);
  const edges = upperEdges();
  expect(edges).toEqual([...edges].sort((a, b) => a - b));
  for (const edge of edges) {
    expect(shareUpTo(histogram, edge)).toBe(values.filter((value) => value <= edge).length / values.length);
  }
});

it('a ReLU’s own share of zeros is that of its input up to 0; larger shifts make no fewer', () => {
  const graph = createGraph(modelProto({ nodes: [node('Relu', ['z'], ['h'])], inputs: ['z'], outputs: ['h'] }));
  const layers = [layer({ value: 'h', units: 5 })];
  expect(shiftedRelu.watches?.({ graph, layers }).map(({ value }) => value)).toEqual(['z']);
  const watched = [layer({ value: 'z', units: 5, family: 'value' })];
  const state = shiftedRelu.start(layers, watched);
  const z = Array.from({ length: 1000 }, (_, row) =>
    Array.from({ length: 5 }, (__, unit) => [values[row * 5 + unit] as number]),
  );
  shiftedRelu.fold(state, observedBatch([...layers, ...watched], { z }));
  const result = shiftedRelu.finish(state, {
    graph,
    layers,
    inputsSeen: 1000,
    onInputs: 'on 1,000 inputs',
    synthetic: false,
    brokenWeights: [],
  });
  const zeros = values.filter((value) => value <= 0).length / values.length;
  expect(result.layerMetrics[0]?.values['h']).toBe(zeros);
  const { x, y } = result.curves[0]?.series[0] ?? {};
  expect(y?.every((share, at) => at === 0 || share >= (y[at - 1] as number))).toBe(true);
  expect(y?.[x?.indexOf(0) ?? -1]).toBe(Math.fround(zeros));
  const [row] = result.tables?.[0]?.rows ?? [];
  const shift = row?.cells[4] as number;
  expect(values.filter((value) => value <= shift).length / values.length).toBeGreaterThanOrEqual(0.9);
  expect(row?.cells.at(-1)).toBe('5,000 of 5,000');
});
