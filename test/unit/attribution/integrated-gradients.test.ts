/** The tests of methods, section H3. */
import { describe, expect, test } from 'vitest';
import { integratedGradients } from '../../../src/core/attribution/integrated-gradients.js';
import { CancelledError, ProblemError } from '../../../src/core/errors.js';
import { ENGINES } from '../engine/engines.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { float } from '../rewrite/linear-system.js';
import { BLOCK, blockModel } from './block.js';
import { subjectOf } from './opened.js';

/** y = x₁ x₂. */
const PRODUCT = modelProto(
  {
    nodes: [
      node('Split', ['x'], ['a', 'b'], { attributes: { axis: 0n, num_outputs: 2n } }),
      node('Mul', ['a', 'b'], ['y']),
    ],
    inputs: [valueInfo('x', [2])],
    outputs: ['y'],
  },
  18,
);

const LINEAR = modelProto({
  nodes: [node('Gemm', ['x', 'W', 'b'], ['y'])],
  inputs: [valueInfo('x', [1, 2])],
  outputs: ['y'],
  initializers: [weight('W', [2, 2], [1, 2, 3, 4]), weight('b', [2], [5, 6])],
});

describe.each(ENGINES)('integrated gradients with the $name engine', ({ load }) => {
  test.each([1, 2, 7])(
    'H3: f = x₁ x₂ from 0 to (2, 3) gives (3, 3), with %d steps of the midpoint rule',
    async (steps) => {
      const subject = await subjectOf(await load(), PRODUCT, { x: float([2], [2, 3]) });
      const { attributions } = await integratedGradients(subject, [0], { steps, baseline: new Float32Array(2) });
      const [found] = attributions;
      expect(found?.scores[0]).toBeCloseTo(3, 5);
      expect(found?.scores[1]).toBeCloseTo(3, 5);
      expect([found?.value, found?.reference, found?.biasSum]).toEqual([6, 0, 0]);
      expect(found?.gap).toBeCloseTo(0, 5);
    },
  );

  test('H3: a linear f is exact with one step, from any baseline, for several outputs', async () => {
    const subject = await subjectOf(await load(), LINEAR, { x: float([1, 2], [2, 3]) });
    const options = { steps: 1, baseline: Float32Array.of(1, -1) };
    const { attributions } = await integratedGradients(subject, [1, 0], options);
    expect(attributions.map(({ output, scores, gap, reference }) => [output, [...scores], gap, reference])).toEqual([
      [1, [2, 16], 0, 4],
      [0, [1, 12], 0, 3],
    ]);
  });

  test('H3: the gap of a block goes to 0 as steps are added', async () => {
    const subject = await subjectOf(await load(), blockModel(0.5), { x: float([3, 4], BLOCK.x) });
    const gapFrom = async (baseline: Float32Array, steps: number): Promise<number> =>
      Math.abs((await integratedGradients(subject, [0], { steps, baseline })).attributions[0]?.gap ?? NaN);
    // Not from zeros: there the slope of a layer normalisation has no end, and its gap stays large, as it is reported.
    const other = Float32Array.from(BLOCK.x, (each, at) => each + Math.cos(at));
    const [one, four, many] = [await gapFrom(other, 1), await gapFrom(other, 4), await gapFrom(other, 64)];
    expect(one).toBeGreaterThan(0.01);
    expect(four).toBeLessThan(one);
    expect(many).toBeLessThan(0.02 * one);
    expect(await gapFrom(new Float32Array(12), 16)).toBeGreaterThan(1);
  });

  test('a start inside the model is moved while all else stays at the input', async () => {
    // y = h · x with h = x + x: only h moves.
    const model = modelProto({
      nodes: [node('Add', ['x', 'x'], ['h']), node('Mul', ['h', 'x'], ['y'])],
      inputs: [valueInfo('x', [2])],
      outputs: ['y'],
    });
    const subject = await subjectOf(await load(), model, { x: float([2], [3, 5]) }, 'h');
    const options = { steps: 2, baseline: Float32Array.of(1, 0) };
    const [found] = (await integratedGradients(subject, [0], options)).attributions;
    expect([found?.value, found?.reference, [...(found?.scores ?? [])], found?.gap]).toEqual([18, 3, [15, 0], 0]);
  });

  test('the input as its own baseline gives nothing', async () => {
    const subject = await subjectOf(await load(), PRODUCT, { x: float([2], [2, 3]) });
    const options = { steps: 3, baseline: Float32Array.of(2, 3) };
    const [found] = (await integratedGradients(subject, [0], options)).attributions;
    expect([[...(found?.scores ?? [])], found?.gap]).toEqual([[0, 0], 0]);
  });

  test('tells of its progress, and stops between runs', async () => {
    const subject = await subjectOf(await load(), PRODUCT, { x: float([2], [2, 3]) });
    const options = { steps: 8, baseline: new Float32Array(2) };
    const shares: number[] = [];
    await integratedGradients(subject, [0], options, { onProgress: (share) => shares.push(share) });
    expect(shares).toEqual(Array.from({ length: 10 }, (_, at) => (at + 1) / 10));
    const controller = new AbortController();
    const seen: number[] = [];
    const stop = (share: number): void => {
      seen.push(share);
      if (seen.length === 4) controller.abort();
    };
    const stopped = integratedGradients(subject, [0], options, { signal: controller.signal, onProgress: stop });
    await expect(stopped).rejects.toThrow(CancelledError);
    expect(seen).toHaveLength(4);
  });
});

test.each([
  [{ steps: 0, baseline: new Float32Array(2) }, /1 to 1000 steps, not 0/],
  [{ steps: 2.5, baseline: new Float32Array(2) }, /not 2.5/],
  [{ steps: 50, baseline: new Float32Array(3) }, /3 numbers, the start has 2/],
])('options that do not fit are a problem: %o', async (options, sentence) => {
  const engine = await ENGINES[0]?.load();
  if (engine === undefined) throw new Error('no engine');
  const subject = await subjectOf(engine, PRODUCT, { x: float([2], [2, 3]) });
  const act = integratedGradients(subject, [0], options);
  await expect(act).rejects.toThrow(ProblemError);
  await expect(act).rejects.toThrow(sentence);
});
