import { describe, expect, it } from 'vitest';
import type { CircuitNode } from '../../../src/core/circuits/attribution-graph.js';
import { pathSums } from '../../../src/core/circuits/path-sums.js';
import { strongestPaths } from '../../../src/core/circuits/paths.js';
import { matrix } from './matrix.js';

const token = (position: number): CircuitNode => ({ kind: 'token', position });
const feature = (activation: number): CircuitNode => ({
  kind: 'feature',
  layer: 0,
  position: 0,
  feature: 0,
  activation,
});
const target: CircuitNode = {
  kind: 'output',
  target: { token: 0, probability: 1, position: 0, direction: new Float32Array(), value: 0, weight: 1 },
};

/** Two tokens; a feature of both with z = 2; the target gets 1 from it (z = 2, W_dec · v = 0.5, methods B2) and 3 from a token. */
const NODES: readonly CircuitNode[] = [token(0), token(1), feature(2), target];
const EDGES = matrix([[], [], [1.5, 0.5], [3, -2, 1]]);

describe('strongestPaths', () => {
  it('a path through a feature adds what its source adds per unit of the feature', () => {
    expect(strongestPaths(NODES, EDGES, 3)).toEqual([
      { nodes: [0, 3], contribution: 3 },
      { nodes: [0, 2, 3], contribution: 0.75 },
      { nodes: [1, 2, 3], contribution: 0.25 },
    ]);
  });

  it('keeps as many as are asked for after each step, and follows nothing that takes away', () => {
    expect(strongestPaths(NODES, EDGES, 3, 1)).toEqual([{ nodes: [0, 3], contribution: 3 }]);
    expect(strongestPaths(NODES, matrix([[], [], [], [-1, -1, 0]]), 3)).toEqual([]);
  });

  it('ends at a feature to which nothing positive leads', () => {
    const edges = matrix([[], [], [-1, -1], [0, 0, 1]]);
    expect(strongestPaths(NODES, edges, 3)).toEqual([{ nodes: [2, 3], contribution: 1 }]);
  });
});

describe('pathSums', () => {
  it('adds the direct edge and all paths through features', () => {
    // The first token: 3 directly and 1.5 / 2 × 1 through the feature; the second: −2 and 0.5 / 2.
    expect([...pathSums(NODES, EDGES, [3])]).toEqual([3.75, -1.75, 1, 0]);
  });

  it('of a feature are its own edges', () => {
    expect([...pathSums(NODES, EDGES, [2])]).toEqual([1.5, 0.5, 0, 0]);
  });

  it('of several targets are those of each, added up, also where one leads to the other', () => {
    expect([...pathSums(NODES, EDGES, [2, 3])]).toEqual([5.25, -1.25, 1, 0]);
  });
});
