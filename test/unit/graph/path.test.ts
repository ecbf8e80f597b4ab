import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../../src/core/errors.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { pathBetween, type PathEnd } from '../../../src/core/graph/path.js';
import { modelProto, node } from '../graph-builder.js';
import type { NodeProto } from '../../../src/core/formats/onnx/onnx_pb.js';

const graphOf = (nodes: NodeProto[], outputs: string[] = [], inputs: string[] = ['x']): Graph =>
  createGraph(modelProto({ nodes, inputs, outputs }));
const at = (index: number): PathEnd => ({ kind: 'node', index });
const input: PathEnd = { kind: 'input', index: 0 };
const output: PathEnd = { kind: 'output', index: 0 };
const names = (ends: readonly PathEnd[]): string => ends.map(({ kind, index }) => `${kind} ${index}`).join(', ');

/** x → 0 → (1 → 2, and past them) → 3 → y: a residual block, with a side branch 4 that ends in nothing. */
const residual = graphOf(
  [
    node('Conv', ['x'], ['a'], { name: 'stem' }),
    node('Conv', ['a'], ['b'], { name: 'first' }),
    node('Relu', ['b'], ['c']),
    node('Add', ['a', 'c'], ['y'], { name: 'sum' }),
    node('Shape', ['a'], ['s']),
  ],
  ['y'],
);

describe('a path between two places', () => {
  it('is the one with the fewest nodes, beside everything that any path passes', () => {
    const found = pathBetween(residual, at(0), at(3));
    if (found.kind !== 'path') expect.fail(found.reason);
    expect(found.direction).toBe('forward');
    expect(names(found.shortest)).toBe('node 0, node 3');
    expect(names(found.onAnyPath)).toBe('node 0, node 1, node 2, node 3');
  });

  it('goes the way of the data, whichever end is named first', () => {
    const found = pathBetween(residual, output, input);
    if (found.kind !== 'path') expect.fail(found.reason);
    expect(found.direction).toBe('backward');
    expect(names(found.shortest)).toBe('input 0, node 0, node 3, output 0');
    expect(names(found.onAnyPath)).toBe('input 0, node 0, node 1, node 2, node 3, output 0');
  });

  it('from a place to itself is that place', () => {
    expect(pathBetween(residual, at(2), at(2))).toEqual({
      kind: 'path',
      direction: 'forward',
      shortest: [at(2)],
      onAnyPath: [at(2)],
    });
  });

  it('does not exist between branches, and the answer says where they part and meet', () => {
    const branches = graphOf(
      [
        node('Conv', ['x'], ['a'], { name: 'stem' }),
        node('Relu', ['a'], ['b'], { name: 'left' }),
        node('Tanh', ['a'], ['c'], { name: 'right' }),
        node('Add', ['b', 'c'], ['y'], { name: 'sum' }),
      ],
      ['y'],
    );
    expect(pathBetween(branches, at(1), at(2))).toEqual({
      kind: 'none',
      reason:
        'Neither is computed from the other: both branch off from “stem” (Conv), and they meet again in “sum” (Add).',
      commonAncestor: at(0),
      commonDescendant: at(3),
    });
    expect(pathBetween(residual, at(3), at(4))).toMatchObject({
      commonAncestor: at(0),
      reason: expect.stringMatching(/never meet/),
    });
  });

  it('does not exist between parts that share nothing but a constant', () => {
    const apart = graphOf(
      [node('Constant', [], ['k']), node('Mul', ['x', 'k'], ['a']), node('Mul', ['z', 'k'], ['b'])],
      ['a', 'b'],
      ['x', 'z'],
    );
    const found = pathBetween(apart, at(1), at(2));
    expect(found).toEqual({
      kind: 'none',
      reason: 'Neither is computed from the other, nor both from a third; they never meet again.',
    });
    // The constant itself has its path.
    expect(pathBetween(apart, at(0), at(2)).kind).toBe('path');
  });

  it('leads from and to any node of a module, by the shortest way', () => {
    const found = pathBetween(residual, [at(1), at(2)], [at(3), output]);
    if (found.kind !== 'path') expect.fail(found.reason);
    expect(names(found.shortest)).toBe('node 2, node 3');
    expect(names(found.onAnyPath)).toBe('node 1, node 2, node 3, output 0');
    expect(pathBetween(residual, output, [at(1), at(2)])).toMatchObject({
      direction: 'backward',
      shortest: [at(2), at(3), output],
    });
    expect(pathBetween(residual, [at(1), at(2), at(3)], at(2))).toMatchObject({ shortest: [at(2)] });
    expect(pathBetween(residual, [], at(2)).kind).toBe('none');
  });

  it('leads through what a subgraph captures', () => {
    const branch = modelProto({ nodes: [node('Neg', ['a'], ['n'])], inputs: [], outputs: ['n'] }).graph;
    const graph = graphOf(
      [node('Relu', ['x'], ['a']), node('If', ['c'], ['y'], { attributes: { then_branch: branch ?? expect.fail() } })],
      ['y'],
      ['x', 'c'],
    );
    expect(pathBetween(graph, at(0), output)).toMatchObject({ kind: 'path', shortest: [at(0), at(1), output] });
  });

  it('is refused for places that the graph does not have', () => {
    for (const place of [at(5), at(-1), at(0.5), at(NaN), { kind: 'output', index: 1 } as const]) {
      expect(() => pathBetween(residual, at(0), place)).toThrow(ProblemError);
    }
  });
});

describe('paths in broken graphs', () => {
  it('end, although nodes wait for each other in a circle', () => {
    const circle = graphOf([node('A', ['x', 'c'], ['a']), node('B', ['a'], ['b']), node('C', ['b'], ['c'])], ['b']);
    const found = pathBetween(circle, at(2), at(1));
    expect(found).toMatchObject({ direction: 'forward', shortest: [at(2), at(0), at(1)] });
    if (found.kind === 'path') expect(found.onAnyPath).toHaveLength(3);
    const itself = graphOf([node('F', ['f'], ['f'])]);
    expect(pathBetween(itself, at(0), at(0))).toMatchObject({ shortest: [at(0)], onAnyPath: [at(0)] });
  });

  it('take a value that is made twice from its first maker, and need no outputs', () => {
    const twice = graphOf([node('A', ['x'], ['v']), node('B', ['x'], ['v']), node('C', ['v'], []), node('D', [], [])]);
    expect(pathBetween(twice, at(0), at(2)).kind).toBe('path');
    expect(pathBetween(twice, at(1), at(2)).kind).toBe('none');
    expect(pathBetween(twice, at(3), at(2)).kind).toBe('none');
  });

  it('name places in a few words, however long their names are', () => {
    const long = 'n'.repeat(10_000_000);
    const graph = graphOf([node('A', ['x'], ['a'], { name: long }), node('B', ['a'], ['b']), node('C', ['a'], ['c'])]);
    const found = pathBetween(graph, at(1), at(2));
    expect(found.kind === 'none' && found.reason.length).toBeLessThan(400);
  });

  it('take time that grows with the edges, not with the paths', () => {
    // Every layer doubles the number of paths: 2^20,000 in all.
    const nodes = Array.from({ length: 20_000 }, (_, i) =>
      node('Add', [`v${i}`, `v${Math.max(0, i - 1)}`], [`v${i + 1}`]),
    );
    const graph = graphOf(nodes, ['v20000'], ['v0']);
    const start = performance.now();
    const found = pathBetween(graph, input, output);
    if (found.kind !== 'path') expect.fail(found.reason);
    expect(found.onAnyPath).toHaveLength(20_002);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('against every path written out (small random graphs)', () => {
  it('finds the same shortest length and the same places', () => {
    const edges = fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 12 });
    fc.assert(
      fc.property(edges, fc.nat(6), fc.nat(6), (pairs, from, to) => {
        const inputsOf = (index: number): string[] => pairs.filter(([, b]) => b === index).map(([a]) => `v${a}`);
        const graph = graphOf(Array.from({ length: 7 }, (_, i) => node('N', inputsOf(i), [`v${i}`])));
        // Walks without repeated nodes, by trying all of them.
        const walks = (here: number, end: number, passed: number[]): number[][] => {
          if (here === end) return [[...passed, here]];
          if (passed.includes(here)) return [];
          const next = new Set(pairs.filter(([a]) => a === here).map(([, b]) => b));
          return [...next].flatMap((there) => walks(there, end, [...passed, here]));
        };
        const forward = walks(from, to, []);
        const all = forward.length > 0 ? forward : walks(to, from, []);
        const found = pathBetween(graph, at(from), at(to));
        expect(found.kind).toBe(all.length === 0 ? 'none' : 'path');
        if (found.kind !== 'path') return;
        expect(found.direction).toBe(forward.length > 0 ? 'forward' : 'backward');
        expect(found.shortest).toHaveLength(Math.min(...all.map((walk) => walk.length)));
        // Simple paths only cross a part of what lies on any walk once there are cycles; without cycles they are equal.
        const passed = new Set(all.flat());
        const reported = new Set(found.onAnyPath.map(({ index }) => index));
        for (const index of passed) expect(reported.has(index)).toBe(true);
        const isAcyclic = pairs.every(([a, b]) => a < b);
        if (isAcyclic) expect(reported).toEqual(passed);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  it('agrees without cycles, where the places are exactly those of the paths', () => {
    const edges = fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 14 });
    fc.assert(
      fc.property(edges, fc.nat(6), fc.nat(6), (raw, from, to) => {
        const pairs = raw
          .filter(([a, b]) => a !== b)
          .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
        const inputsOf = (index: number): string[] => pairs.filter(([, b]) => b === index).map(([a]) => `v${a}`);
        const graph = graphOf(Array.from({ length: 7 }, (_, i) => node('N', inputsOf(i), [`v${i}`])));
        const reach = (a: number, b: number): boolean => a === b || pairs.some(([s, t]) => s === a && reach(t, b));
        const [low, high] = [Math.min(from, to), Math.max(from, to)];
        const found = pathBetween(graph, at(from), at(to));
        expect(found.kind).toBe(reach(low, high) ? 'path' : 'none');
        if (found.kind !== 'path') return;
        const expected = Array.from({ length: 7 }, (_, i) => i).filter((i) => reach(low, i) && reach(i, high));
        expect(found.onAnyPath.map(({ index }) => index).sort()).toEqual(expected);
      }),
      { seed: 11, numRuns: 2000 },
    );
  });
});
