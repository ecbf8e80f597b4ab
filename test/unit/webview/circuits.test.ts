import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/dataset/random.js';
import type { CircuitAnswer } from '../../../src/protocol/circuits.js';
import { groupNodes as grouped } from '../../../src/core/circuits/groups.js';
import {
  groupNodes,
  groupOf,
  heldNodes,
  NO_ARRANGEMENT,
  pinNodes,
  renameGroup,
  ungroupNodes,
  unpinNodes,
} from '../../../webview/circuits/arrangement.js';
import { arranged, circuitName, undone, viewOf } from '../../../webview/circuits/circuit-view.js';
import { drawnEdges } from '../../../webview/circuits/drawn-edges.js';
import { layoutCircuit } from '../../../webview/circuits/layout.js';
import { circuitTitle } from '../../../webview/circuits/names.js';
import { tokenShares } from '../../../webview/circuits/shown.js';

describe('the edges of a circuit that are drawn', () => {
  it('are those with the largest share of their target, as a sort of all of them says', () => {
    const random = randomStream(1, 'drawn edges', 0);
    const [size, perTarget] = [60, 40];
    const starts = Uint32Array.from({ length: size + 1 }, (_, at) => at * perTarget);
    const weights = Float32Array.from({ length: size * perTarget }, () => random() - 0.5);
    const kept = Uint8Array.from(weights, () => (random() < 0.7 ? 1 : 0));
    const sources = Uint32Array.from(weights, (_, edge) => edge % perTarget);
    const edges = { size, starts, sources, weights };
    const count = kept.reduce((sum, each) => sum + each, 0);
    const all = [...weights.keys()].filter((edge) => kept[edge] === 1);
    const shareOf = (edge: number): number => {
      const target = Math.floor(edge / perTarget);
      const largest = Math.max(...all.filter((each) => Math.floor(each / perTarget) === target).map(sizeOf));
      return sizeOf(edge) / largest;
    };
    const sizeOf = (edge: number): number => Math.abs(weights[edge] as number);
    const shares = all.map(shareOf).sort((a, b) => b - a);
    const alone = grouped(edges, []);
    const drawn = drawnEdges(edges, kept, count, alone, 200);
    expect(drawn.sources.length).toBe(200);
    const edgeAt = ({ targets, sources: from }: typeof drawn, at: number): number =>
      (targets[at] as number) * perTarget + (from[at] as number);
    // Within the 1,024 steps by which shares are told apart.
    drawn.shares.forEach((share, at) => {
      expect(share).toBeCloseTo(shareOf(edgeAt(drawn, at)), 6);
      expect(Math.abs(share - (shares[at] as number))).toBeLessThan(1 / 1024);
      expect(drawn.weights[at]).toBe(weights[edgeAt(drawn, at)]);
    });
    const whole = drawnEdges(edges, kept, count, alone);
    expect([...whole.sources.keys()].map((at) => edgeAt(whole, at)).sort((x, y) => x - y)).toEqual(all);
  });

  it('have no share where all kept edges of a target weigh nothing', () => {
    const edges = {
      size: 2,
      starts: Uint32Array.of(0, 0, 1),
      sources: Uint32Array.of(0),
      weights: Float32Array.of(0),
    };
    expect([...drawnEdges(edges, Uint8Array.of(1), 1, grouped(edges, [])).shares]).toEqual([0]);
  });

  it('of a group are one for each other end, with the sum of all, where any of them is kept', () => {
    // Tokens 0 and 1, features 2 and 3 of both, output 4 of the features and a token.
    const edges = {
      size: 5,
      starts: Uint32Array.of(0, 0, 0, 2, 5, 8),
      sources: Uint32Array.of(0, 1, 0, 1, 2, 1, 2, 3),
      weights: Float32Array.of(3, -1, 2, 4, 9, 7, 1, -2),
    };
    // Of the edges into the output all are kept; of those from the second token to the group, one.
    const kept = Uint8Array.of(0, 0, 0, 1, 1, 1, 1, 1);
    const { sources, targets, weights, shares } = drawnEdges(edges, kept, 5, grouped(edges, [[3, 2]]));
    const drawn = [...sources.keys()].map((at) => [sources[at], targets[at], weights[at]]);
    expect(drawn.sort((a, b) => (a[1] ?? 0) - (b[1] ?? 0) || (a[0] ?? 0) - (b[0] ?? 0))).toEqual([
      [1, 3, 3],
      [1, 4, 7],
      [3, 4, -1],
    ]);
    expect([...shares].sort()).toEqual([Math.fround(1 / 7), 1, 1]);
  });
});

describe('what a person arranges of a circuit', () => {
  const INFLUENCE = [0.1, 0.2, 0.9, 0.4, 0.3];

  it('is pinned once, and unpinned', () => {
    const pinned = pinNodes(pinNodes(NO_ARRANGEMENT, [3, 1]), [1, 4]);
    expect(pinned.pinned).toEqual([3, 1, 4]);
    expect(unpinNodes(pinned, new Set([1, 3])).pinned).toEqual([4]);
  });

  it('stands for its group by its influence, and is pinned again when the group goes', () => {
    const together = groupNodes(pinNodes(NO_ARRANGEMENT, [1]), new Set([1, 2, 4]), ' animals ', INFLUENCE);
    expect(together).toEqual({ pinned: [], groups: [{ name: 'animals', nodes: [2, 4, 1] }] });
    expect(pinNodes(together, [2, 3]).pinned).toEqual([3]);
    expect([...heldNodes(pinNodes(together, [3]))].sort()).toEqual([1, 2, 3, 4]);
    expect(groupOf(together, 4)?.name).toBe('animals');
    expect(ungroupNodes(together, 2)).toEqual({ pinned: [2, 4, 1], groups: [] });
  });

  it('leaves the group that it was in, which needs two', () => {
    const first = groupNodes(NO_ARRANGEMENT, new Set([0, 1, 2]), '', INFLUENCE);
    expect(first.groups).toEqual([{ name: 'group 1', nodes: [2, 1, 0] }]);
    expect(groupNodes(first, new Set([3, 2]), '', INFLUENCE)).toEqual({
      pinned: [],
      groups: [
        { name: 'group 1', nodes: [1, 0] },
        { name: 'group 2', nodes: [2, 3] },
      ],
    });
    expect(groupNodes(first, new Set([3, 2, 1]), 'b', INFLUENCE)).toEqual({
      pinned: [0],
      groups: [{ name: 'b', nodes: [2, 3, 1] }],
    });
    expect(() => groupNodes(first, new Set([1]), '', INFLUENCE)).toThrow(RangeError);
  });

  it('has the name that a person gives it', () => {
    const group = groupNodes(NO_ARRANGEMENT, new Set([0, 1]), 'a', INFLUENCE);
    expect(renameGroup(group, 1, 'b').groups[0]?.name).toBe('b');
    expect(renameGroup(group, 1, '  ').groups[0]?.name).toBe('group 1');
  });

  it('comes back in the same circuit alone, and every step can be undone', () => {
    const [at, none] = [Int32Array.of(0, 1), new Float64Array(2)];
    const nodes = { kind: Uint8Array.of(0, 1), layer: Int16Array.of(-1, 0), position: at, feature: at, value: none };
    const columns = { ...nodes, activation: new Float32Array(2), biases: none, left: none, weight: none };
    const of = circuitName(columns);
    expect(circuitName({ ...columns, activation: Float32Array.of(1, 2) })).toBe(of);
    expect(circuitName({ ...columns, feature: Int32Array.of(0, 2) })).not.toBe(of);
    const fresh = viewOf(undefined, of);
    const pinned = arranged(fresh, pinNodes(fresh.arrangement, [1]));
    const grouped = arranged(pinned, groupNodes(pinned.arrangement, new Set([0, 1]), 'a', INFLUENCE));
    const looked = { ...grouped, chosen: { node: 1, together: true } };
    // As it is kept: through JSON.
    expect(viewOf(JSON.parse(JSON.stringify(looked)) as typeof looked, of)).toEqual(looked);
    expect(viewOf(looked, 'another').arrangement).toEqual(NO_ARRANGEMENT);
    expect(undone(looked)).toEqual(pinned);
    expect(undone(undone(looked))).toEqual(fresh);
    expect(undone(fresh)).toBe(fresh);
  });
});

it('a node comes from tokens by the sizes of its edges', () => {
  const entering = [
    { node: 0, weight: 3 },
    { node: 2, weight: -4 },
    { node: 1, weight: 1 },
  ];
  expect([...tokenShares(entering, Int32Array.of(0, 1, 1), 3)]).toEqual([0.375, 0.625, 0]);
  expect([...tokenShares([], Int32Array.of(), 2)]).toEqual([0, 0]);
});

it('nodes stand in the column of their token and the row of their layer, none on another', () => {
  // Kinds: token, feature, error, output.
  const kind = Uint8Array.of(0, 0, 1, 1, 1, 2, 3);
  const layer = Int16Array.of(-1, -1, 0, 0, 5, 5, -1);
  const position = Int32Array.of(0, 1, 1, 1, 0, 1, 1);
  const none = new Float64Array(7);
  const nodes = { kind, layer, position, feature: position, activation: new Float32Array(7), value: none };
  const shown = Uint8Array.of(1, 1, 1, 1, 1, 1, 1);
  const order = [6, 5, 4, 3, 2, 1, 0];
  const { x, y, rows } = layoutCircuit({ ...nodes, biases: none, left: none, weight: none }, shown, order);
  expect(rows.map(({ label }) => label)).toEqual(['output', 'layer 5', 'layer 0', 'token']);
  const at = (node: number): readonly number[] => [x[node] as number, y[node] as number];
  expect(new Set(Array.from(kind, (_, node) => at(node).join())).size).toBe(7);
  expect(at(4)[1]).toBe(at(5)[1]);
  expect(at(0)[1]).toBe(at(1)[1]);
  expect(at(2)[1] as number).toBeGreaterThan(at(5)[1] as number);
  expect(at(6)[1] as number).toBeLessThan(at(5)[1] as number);
  expect(at(0)[0] as number).toBeLessThan(at(1)[0] as number);
});

it('the title names three outputs and counts the others, or names the feature that is the target', () => {
  const one = Int32Array.of(1);
  const nodes = {
    kind: Uint8Array.of(1),
    layer: Int16Array.of(3),
    position: one,
    feature: Int32Array.of(12),
    weight: Float64Array.of(1),
  };
  const outputs = [' cat', ' dog', ' cow', ' hen', ' pig'].map((text) => ({ text: `“${text}”` }));
  const titleOf = (named: readonly { readonly text: string }[]): string =>
    circuitTitle({ nodes, tokens: ['The', ' dog'], outputs: named } as unknown as CircuitAnswer);
  expect(titleOf(outputs)).toBe('Circuit of “ cat”, “ dog”, “ cow” and 2 more');
  expect(titleOf(outputs.slice(0, 2))).toBe('Circuit of “ cat”, “ dog”');
  expect(titleOf([])).toBe('Circuit of feature 12 of layer 3 at “␣dog”');
});
