/** Ways through a graph that part and meet again are gone once: a file may have any number of them. */
import { expect, it } from 'vitest';
import { isFromConstants } from '../../../../src/core/graph/constants.js';
import { createGraph } from '../../../../src/core/graph/graph.js';
import { findRoles } from '../../../../src/core/graph/roles/roles.js';
import { modelProto, node, weight } from '../../graph-builder.js';

const SAME = 8;
const many = (value: string): string[] => Array.from({ length: SAME }, () => value);

it('scores behind many sums of the same values are found out at once', () => {
  const sums = Array.from({ length: 17 }, (_, at) => node('Max', many(`s${at}`), [`s${at + 1}`]));
  const graph = createGraph(
    modelProto({
      nodes: [
        node('Relu', ['x'], ['s0']),
        ...sums,
        node('Softmax', ['s17'], ['pattern']),
        node('MatMul', ['pattern', 'x'], ['y']),
      ],
      outputs: ['y'],
    }),
  );
  expect(findRoles(graph).attention).toEqual([]);
});

it('constants behind constants are looked at once', () => {
  const width = 200;
  const layer = (at: number): string[] => Array.from({ length: width }, (_, each) => `c${at}.${each}`);
  const nodes = [1, 2, 3].flatMap((at) => layer(at).map((name) => node('Concat', layer(at - 1), [name])));
  const graph = createGraph(
    modelProto({
      nodes: [...nodes, node('Concat', layer(3), ['all'])],
      inputs: [],
      outputs: ['all'],
      initializers: layer(0).map((name) => weight(name, [1])),
    }),
  );
  expect(isFromConstants(graph, 'all')).toBe(true);
});
