import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEdgeBuilder, forEachEdge } from '../../../src/core/circuits/edge-matrix.js';
import { graphScores, influence, thresholdFor, type NodeKind } from '../../../src/core/circuits/influence.js';
import { createPruner, prune } from '../../../src/core/circuits/prune.js';
import { matrix } from './matrix.js';

/** A token, an error, a feature of both, and an output of the feature and the error. */
const KINDS: readonly NodeKind[] = ['token', 'error', 'feature', 'output'];
const SMALL = matrix([[], [], [3, -1], [0, 2, 2]]);
const OUTPUTS = Float64Array.of(0, 0, 0, 1);

describe('influence', () => {
  it('is what a person computes by hand: half through the feature, of which the token has three quarters', () => {
    const found = influence(SMALL, OUTPUTS);
    expect([...found.nodes]).toEqual([0.375, 0.625, 0.5, 0]);
    expect([...found.edges]).toEqual([0.375, 0.125, 0.5, 0.5]);
  });

  it('tells how much goes through features and how much of each node is explained', async () => {
    const scores = await graphScores(SMALL, KINDS, OUTPUTS);
    expect(scores.replacement).toBeCloseTo(0.375, 12);
    expect(scores.completeness).toBeCloseTo((0.5 + 0.75 * 0.5 + 0.625 + 0.375) / 2.5, 12);
  });

  it('is the series w (A + A² + …) of any graph without cycles', () => {
    const graphs = fc.integer({ min: 2, max: 8 }).chain((size) =>
      fc.record({
        rows: fc.tuple(
          ...Array.from({ length: size }, (_, target) =>
            fc.array(fc.integer({ min: -5, max: 5 }), { minLength: target, maxLength: target }),
          ),
        ),
        outputs: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: size, maxLength: size }),
      }),
    );
    fc.assert(
      fc.property(graphs, ({ rows, outputs }) => {
        const found = influence(matrix(rows), Float64Array.from(outputs));
        const normal = rows.map((row) => {
          const sum = row.reduce((total, value) => total + Math.abs(value), 0);
          return rows.map((_, source) => (sum === 0 ? 0 : Math.abs(row[source] ?? 0) / sum));
        });
        let step: number[] = outputs;
        const series = outputs.map(() => 0);
        for (let power = 0; power < rows.length; power++) {
          step = outputs.map((_, source) =>
            step.reduce((sum, weight, target) => sum + weight * (normal[target]?.[source] ?? 0), 0),
          );
          step.forEach((value, node) => (series[node] = (series[node] as number) + value));
        }
        series.forEach((value, node) => expect(found.nodes[node]).toBeCloseTo(value, 9));
      }),
    );
  });
});

describe('thresholdFor', () => {
  it('is the size of the last one that is needed for the share', () => {
    const values = Float64Array.of(0.5, 0.375, 0.625);
    expect(thresholdFor(values, 0.8)).toBe(0.375);
    expect(thresholdFor(values, 0.7)).toBe(0.5);
    expect(thresholdFor(values, 0)).toBe(0.625);
  });
});

describe('prune', () => {
  it('keeps everything where everything is asked for', () => {
    const kept = prune(SMALL, KINDS, OUTPUTS, { nodes: 1, edges: 1 });
    expect([...kept.nodes]).toEqual([1, 1, 1, 1]);
    expect([...kept.edges]).toEqual([1, 1, 1, 1]);
  });

  it('drops what matters least, and never a token or an output', () => {
    const kept = prune(SMALL, KINDS, OUTPUTS, { nodes: 0.7, edges: 0.9 });
    expect([...kept.nodes]).toEqual([1, 1, 1, 1]);
    // The error’s eighth through the feature is the edge that is not needed.
    expect([...kept.edges]).toEqual([1, 0, 1, 1]);
  });

  it('drops features that lead nowhere any more, one after the other', () => {
    // token → feature 1 → feature 2 → output, all weak beside token → output.
    const chain = matrix([[], [1], [0, 1], [100, 0, 1]]);
    const kinds: readonly NodeKind[] = ['token', 'feature', 'feature', 'output'];
    const kept = prune(chain, kinds, OUTPUTS, { nodes: 1, edges: 0.9 });
    expect([...kept.nodes]).toEqual([1, 0, 0, 1]);
    const left: number[] = [];
    for (let target = 0; target < 4; target++)
      forEachEdge(chain, target, (source, _weight, edge) => kept.edges[edge] === 1 && left.push(source, target));
    expect(left).toEqual([0, 3]);
  });
});

/** As circuit-tracer writes it: thresholds by sorting, and loose nodes dropped again and again until none is left. */
function pruneSlowly(
  rows: readonly (readonly number[])[],
  kinds: readonly NodeKind[],
  outputs: Float64Array,
  shares: { nodes: number; edges: number },
) {
  const edges = matrix(rows);
  const sorted = (values: readonly number[], share: number): number => {
    const order = [...values].sort((a, b) => b - a);
    const total = order.reduce((sum, value) => sum + value, 0);
    let sum = 0;
    return order.find((value) => (sum += value) >= share * total - 1e-12) ?? 0;
  };
  const first = influence(edges, outputs).nodes;
  const limit = sorted([...first], shares.nodes);
  const kept = kinds.map((kind, node) => kind === 'token' || kind === 'output' || (first[node] as number) >= limit);
  const scores = influence(edges, outputs, (source, target) => kept[source] === true && kept[target] === true).edges;
  const edgeLimit = sorted([...scores], shares.edges);
  const pairs: { source: number; target: number; stays: boolean }[] = [];
  for (let target = 0; target < edges.size; target++)
    forEachEdge(edges, target, (source, _weight, edge) => {
      pairs.push({ source, target, stays: (scores[edge] as number) > 0 && (scores[edge] as number) >= edgeLimit });
    });
  for (let changed = true; changed;) {
    changed = false;
    for (const pair of pairs) if (kept[pair.source] !== true || kept[pair.target] !== true) pair.stays = false;
    kinds.forEach((kind, node) => {
      const enters = pairs.some(({ target, stays }) => stays && target === node);
      const leaves = pairs.some(({ source, stays }) => stays && source === node);
      const isLoose = (kind === 'feature' && !(enters && leaves)) || (kind === 'error' && !leaves);
      if (kept[node] === true && isLoose) {
        kept[node] = false;
        changed = true;
      }
    });
  }
  return { nodes: kept.map(Number), edges: pairs.map(({ stays }) => Number(stays)) };
}

describe('createPruner', () => {
  it('gives what pruning step by step gives, whatever the graph and the shares', () => {
    const graphs = fc.integer({ min: 3, max: 9 }).chain((size) =>
      fc.record({
        rows: fc.tuple(
          ...Array.from({ length: size }, (_, target) =>
            // Powers of two apart: no two sums are as good as equal.
            fc.array(fc.constantFrom(0, 0, 1, -3, 7, 0.11, -0.013), { minLength: target, maxLength: target }),
          ),
        ),
        kinds: fc.array(fc.constantFrom<NodeKind>('token', 'feature', 'feature', 'error'), {
          minLength: size - 1,
          maxLength: size - 1,
        }),
        nodes: fc.constantFrom(0.31, 0.57, 0.83, 0.97),
        edges: fc.constantFrom(0.47, 0.79, 0.93, 0.98),
      }),
    );
    fc.assert(
      fc.property(graphs, ({ rows, kinds: inner, ...shares }) => {
        const kinds: NodeKind[] = [...inner, 'output'];
        const outputs = Float64Array.from(kinds, (kind) => Number(kind === 'output'));
        const got = createPruner(matrix(rows), kinds, outputs)(shares);
        const want = pruneSlowly(rows, kinds, outputs, shares);
        expect([...got.nodes]).toEqual(want.nodes);
        expect([...got.edges]).toEqual(want.edges);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves pinned nodes, and can be asked again', () => {
    const pruner = createPruner(SMALL, KINDS, OUTPUTS);
    const shares = { nodes: 0.3, edges: 0.5 };
    expect(pruner(shares).nodes[2]).toBe(0);
    expect(pruner(shares, new Set([2])).nodes[2]).toBe(1);
    expect([...pruner({ nodes: 1, edges: 1 }).edges]).toEqual([1, 1, 1, 1]);
  });
});

describe('createEdgeBuilder', () => {
  it('refuses edges that lead backwards or to the node itself', () => {
    const builder = createEdgeBuilder(2);
    builder.add([], []);
    expect(() => builder.add([1], [1])).toThrow(/cannot be a source/);
  });
});
