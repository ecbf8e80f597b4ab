import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEdgeBuilder, forEachEdge, type EdgeMatrix } from '../../../src/core/circuits/edge-matrix.js';
import { graphScores, influence, prune, thresholdFor, type NodeKind } from '../../../src/core/circuits/influence.js';

function matrix(rows: readonly (readonly number[])[]): EdgeMatrix {
  const builder = createEdgeBuilder(rows.length);
  rows.forEach((row) =>
    builder.add(
      row.map((_, source) => source),
      row,
    ),
  );
  return builder.finish();
}

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

  it('tells how much goes through features and how much of each node is explained', () => {
    const scores = graphScores(SMALL, KINDS, OUTPUTS);
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

describe('createEdgeBuilder', () => {
  it('refuses edges that lead backwards or to the node itself', () => {
    const builder = createEdgeBuilder(2);
    builder.add([], []);
    expect(() => builder.add([1], [1])).toThrow(/cannot be a source/);
  });
});
