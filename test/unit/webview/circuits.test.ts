import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/dataset/random.js';
import { drawnEdges } from '../../../webview/circuits/shown.js';
import { layoutCircuit } from '../../../webview/circuits/layout.js';

describe('the edges of a circuit that are drawn', () => {
  it('are those with the largest share of their target, as a sort of all of them says', () => {
    const random = randomStream(1, 'drawn edges', 0);
    const [size, perTarget] = [60, 40];
    const starts = Uint32Array.from({ length: size + 1 }, (_, at) => at * perTarget);
    const weights = Float32Array.from({ length: size * perTarget }, () => random() - 0.5);
    const kept = Uint8Array.from(weights, () => (random() < 0.7 ? 1 : 0));
    const edges = { size, starts, sources: new Uint32Array(weights.length), weights };
    const count = kept.reduce((sum, each) => sum + each, 0);
    const all = [...weights.keys()].filter((edge) => kept[edge] === 1);
    const shareOf = (edge: number): number => {
      const target = Math.floor(edge / perTarget);
      const largest = Math.max(...all.filter((each) => Math.floor(each / perTarget) === target).map(sizeOf));
      return sizeOf(edge) / largest;
    };
    const sizeOf = (edge: number): number => Math.abs(weights[edge] as number);
    const shares = all.map(shareOf).sort((a, b) => b - a);
    const drawn = drawnEdges(edges, kept, count, 200);
    expect(drawn.list.length).toBe(200);
    // Within the 1,024 steps by which shares are told apart.
    drawn.shares.forEach((share, at) => {
      expect(share).toBeCloseTo(shareOf(drawn.list[at] as number), 6);
      expect(Math.abs(share - (shares[at] as number))).toBeLessThan(1 / 1024);
      expect(drawn.targets[at]).toBe(Math.floor((drawn.list[at] as number) / perTarget));
    });
    expect([...drawnEdges(edges, kept, count).list].sort((a, b) => a - b)).toEqual(all);
  });

  it('have no share where all kept edges of a target weigh nothing', () => {
    const edges = {
      size: 2,
      starts: Uint32Array.of(0, 0, 1),
      sources: Uint32Array.of(0),
      weights: Float32Array.of(0),
    };
    expect([...drawnEdges(edges, Uint8Array.of(1), 1).shares]).toEqual([0]);
  });
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
