/** Rectifiers are read from nodes that a file may arrange as it likes. */
import { expect, it } from 'vitest';
import { rectifiedInput } from '../../../src/core/graph/activations/rectifier.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { modelProto, node, scalar } from '../graph-builder.js';

it('a condition that is its own negation is none, and ends', () => {
  const nodes = [node('Not', ['c'], ['c']), node('Where', ['c', 'x', 'zero'], ['y'])];
  const graph = createGraph(modelProto({ nodes, outputs: ['y'], initializers: [scalar('zero', 0)] }));
  expect(graph.nodes.map((each) => rectifiedInput(graph, each))).toEqual([undefined, undefined]);
});
