/** The tests T1 to T5 and T7 of methods, section A, through whole systems. */
import { describe, expect, test } from 'vitest';
import { ENGINES } from '../engine/engines.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { float } from '../rewrite/linear-system.js';
import { withSystem } from './open-system.js';

const NET_A = modelProto({
  nodes: [
    node('Gemm', ['x', 'W1', 'b1'], ['z'], { name: 'first', attributes: { transB: 1n } }),
    node('Relu', ['z'], ['h']),
    node('Gemm', ['h', 'W2', 'b2'], ['y'], { name: 'second', attributes: { transB: 1n } }),
  ],
  inputs: [valueInfo('x', ['batch', 2])],
  outputs: ['y'],
  initializers: [
    weight('W1', [3, 2], [1, -1, 2, 1, -1, 1]),
    weight('b1', [3], [0.5, -1, 0]),
    weight('W2', [2, 3], [1, 2, -3, 0, -1, 4]),
    weight('b2', [2], [0.25, -0.5]),
  ],
});
const X = { x: float([1, 2], [1, 2]) };

function expectClose(got: ArrayLike<number>, want: readonly number[], digits = 5): void {
  expect(got.length).toBe(want.length);
  want.forEach((each, at) => expect(got[at]).toBeCloseTo(each, digits));
}

describe.each(ENGINES)('a linear system with the $name engine', ({ load }) => {
  test('T1 and T7: NET-A by hand: votes, ledger, rows, columns, singular vectors', async () => {
    await withSystem(await load(), NET_A, X, {}, async ({ describe: description, votes, row, column, singular }) => {
      const { from, to, exactness, layers, notes, cut, inexact } = await description();
      expect([from.label, from.item, from.layout]).toEqual(['x', undefined, { kind: 'vector', size: 2 }]);
      expect([to.label, to.item, [...to.values]]).toEqual(['y', '#2', [3.25, 0.5]]);
      expect([notes, cut, inexact]).toEqual([[], [], []]);
      expect(exactness.isExact).toBe(true);
      expect(exactness.residual).toBeLessThan(1e-6);
      expect(layers).toEqual([
        { label: 'first', item: '#0' },
        { label: 'second', item: '#2' },
      ]);
      const [first, second] = await votes([0, 1]);
      expectClose(first?.votes ?? [], [7, -2]);
      expectClose(first?.ledger ?? [], [-2, 0.25]);
      expectClose(second?.votes ?? [], [-6, 6]);
      expectClose(second?.ledger ?? [], [1, -0.5]);
      expect(first).toMatchObject({ output: 0, value: 3.25, voteSum: 5, voteMagnitude: 9, biasSum: -1.75 });
      expect(first?.biasShare).toBeCloseTo(2.25 / 11.25, 6);
      for (const vote of [first, second]) {
        expect((vote?.voteSum ?? NaN) + (vote?.biasSum ?? NaN)).toBeCloseTo(vote?.value ?? NaN, 5);
      }
      expectClose(await row(1), [-6, 3]);
      expectClose(await row(Float32Array.of(1, 2)), [7 - 12, -1 + 6]);
      expectClose(await column(1), [-1, 3]);
      expectClose(await column(Float32Array.of(1, 1)), [6, -3]);
      const [one, two, ...more] = await singular({ count: 16 });
      expect([one?.isSettled, two?.isSettled, more]).toEqual([true, true, []]);
      expect(one?.gain).toBeCloseTo(9.6212988179, 4);
      expect(two?.gain).toBeCloseTo(1.5590410696, 4);
      const sign = Math.sign(one?.input[0] ?? 0);
      expectClose(one?.input.map((each) => sign * each) ?? [], [0.9570920265, -0.2897841487], 4);
      expectClose(one?.output.map((each) => sign * each) ?? [], [0.7264537217, -0.6872153885], 4);
    });
  });
});
