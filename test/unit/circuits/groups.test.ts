import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forEachEdge } from '../../../src/core/circuits/edge-matrix.js';
import { groupEdges, groupNodes, pairKey } from '../../../src/core/circuits/groups.js';
import { matrix } from './matrix.js';

/** Two tokens, two features of both, one of these, and an output of all features. */
const SMALL = matrix([[], [], [3, -1], [2, 4], [0, 1, 5, -6], [0, 0, 1, 2, 7]]);

/** Whole numbers, so that sums are exact in any order; nodes by the group that each is put into, −1 for none. */
const graphs = fc.integer({ min: 2, max: 9 }).chain((size) =>
  fc.record({
    rows: fc.tuple(
      ...Array.from({ length: size }, (_, target) =>
        fc.array(fc.integer({ min: -5, max: 5 }), { minLength: target, maxLength: target }),
      ),
    ),
    groupOf: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: size, maxLength: size }),
  }),
);

function groupsOf(groupOf: readonly number[]): number[][] {
  return [0, 1, 2]
    .map((group) => [...groupOf.keys()].filter((node) => groupOf[node] === group))
    .filter((nodes) => nodes.length > 0);
}

describe('nodes that a person put together', () => {
  it('have the edges that a person sums by hand, and none inside', () => {
    const grouping = groupNodes(SMALL, [[3, 2]]);
    expect([...grouping.standsFor]).toEqual([0, 1, 3, 3, 4, 5]);
    expect(groupEdges(grouping, 6, 3, 'in')).toEqual([
      { node: 0, weight: 5 },
      { node: 1, weight: 3 },
    ]);
    expect(groupEdges(grouping, 6, 3, 'out')).toEqual([
      { node: 5, weight: 3 },
      { node: 4, weight: -1 },
    ]);
    expect(groupNodes(SMALL, [[4, 2, 3]]).sums.has(pairKey(4, 4, 6))).toBe(false);
  });

  it('are the graph itself where every group is of one', () => {
    fc.assert(
      fc.property(graphs, ({ rows }) => {
        const edges = matrix(rows);
        const { sums } = groupNodes(
          edges,
          rows.map((_, node) => [node]),
        );
        const expected = new Map<number, number>();
        for (let target = 0; target < edges.size; target++)
          forEachEdge(edges, target, (source, weight) => expected.set(pairKey(source, target, edges.size), weight));
        expect(sums).toEqual(expected);
      }),
    );
  });

  it('keep the sum of all edges but those inside, and are P A Pᵀ of the dense matrix', () => {
    fc.assert(
      fc.property(graphs, ({ rows, groupOf }) => {
        const size = rows.length;
        const groups = groupsOf(groupOf);
        const { sums, standsFor } = groupNodes(matrix(rows), groups);
        const dense = Array.from({ length: size * size }, () => 0);
        let total = 0;
        rows.forEach((row, target) =>
          row.forEach((weight, source) => {
            const together = groupOf[source] === groupOf[target] && groupOf[source] !== -1;
            if (together || (groupOf[source] === -1 && groupOf[target] === -1)) return;
            const key = (standsFor[source] as number) * size + (standsFor[target] as number);
            dense[key] = (dense[key] as number) + weight;
            total += weight;
          }),
        );
        dense.forEach((weight, key) => expect(sums.get(key) ?? 0).toBe(weight));
        expect([...sums.values()].reduce((sum, each) => sum + each, 0)).toBe(total);
      }),
    );
  });

  it('are in one group only', () => {
    expect(() => groupNodes(SMALL, [[2, 3], [3]])).toThrow(RangeError);
  });
});
