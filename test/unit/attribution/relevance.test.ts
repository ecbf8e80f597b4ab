/** Gradient × input and relevance: the tests of methods, section H2, and what both promise of their sums. */
import { describe, expect, test } from 'vitest';
import { gradientTimesInput, relevance } from '../../../src/core/attribution/rows-at-input.js';
import { relevanceReading } from '../../../src/core/attribution/relevance-rules.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { CancelledError } from '../../../src/core/errors.js';
import { ENGINES } from '../engine/engines.js';
import { integers, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { float } from '../rewrite/linear-system.js';
import { BLOCK, blockModel } from './block.js';
import { subjectOf } from './opened.js';

const X = { x: float([3, 4], BLOCK.x) };

/** y = silu(a) · b. */
const GATED = modelProto(
  {
    nodes: [
      node('Split', ['x'], ['a', 'b'], { attributes: { axis: 0n, num_outputs: 2n } }),
      node('Sigmoid', ['a'], ['s']),
      node('Mul', ['a', 's'], ['silu']),
      node('Mul', ['silu', 'b'], ['y']),
    ],
    inputs: [valueInfo('x', [2])],
    outputs: ['y'],
  },
  18,
);

function perToken(scores: ArrayLike<number>): number[] {
  return [0, 1, 2].map((token) =>
    Array.from(scores)
      .slice(token * 4, token * 4 + 4)
      .reduce((sum, each) => sum + each, 0),
  );
}

describe.each(ENGINES)('attributions at the input with the $name engine', ({ load }) => {
  test('H2: gate and value of silu(1.2) · (−0.7) get half each', async () => {
    const subject = await subjectOf(await load(), GATED, { x: float([2], [1.2, -0.7]) });
    const { attributions } = await relevance(subject, [0], 'tangent');
    expect(attributions[0]?.value).toBeCloseTo(-0.6455608181, 6);
    expect(attributions[0]?.scores[0]).toBeCloseTo(-0.3227804091, 6);
    expect(attributions[0]?.scores[1]).toBeCloseTo(-0.3227804091, 6);
    expect(attributions[0]?.gap).toBeCloseTo(0, 6);
  });

  test('H2: with frozen patterns a block without biases conserves relevance, token by token as computed by hand', async () => {
    const subject = await subjectOf(await load(), blockModel(), X);
    const { attributions, cutNodes } = await relevance(subject, [0], 'frozen');
    const [found] = attributions;
    expect(found?.value).toBeCloseTo(3.5722992755, 5);
    expect(found?.sum).toBeCloseTo(3.5722992755, 5);
    const tokens = perToken(found?.scores ?? []);
    [-0.0772919657, 0.0305781222, 3.619013119].forEach((want, at) => expect(tokens[at]).toBeCloseTo(want, 5));
    BLOCK.relevance.forEach((want, at) => expect(found?.scores[at]).toBeCloseTo(want, 5));
    expect([found?.biasSum, cutNodes]).toEqual([0, []]);
    expect(Math.abs(found?.gap ?? NaN)).toBeLessThan(1e-5 + 1e-4 * (found?.magnitude ?? 0));
  });

  test('H2: with biases, relevance and ledger add up to the output', async () => {
    const subject = await subjectOf(await load(), blockModel(0.5), X);
    const [found] = (await relevance(subject, [0], 'frozen')).attributions;
    expect(Math.abs(found?.biasSum ?? 0)).toBeGreaterThan(0.01);
    expect((found?.sum ?? NaN) + (found?.biasSum ?? NaN)).toBeCloseTo(found?.value ?? NaN, 4);
  });

  test('H2: under the default rules the softmax follows its derivative, and the gap is what is missing', async () => {
    const subject = await subjectOf(await load(), blockModel(0.5), X);
    const [found] = (await relevance(subject, [0], 'tangent')).attributions;
    const { value = NaN, sum = NaN, biasSum = NaN, gap = NaN } = found ?? {};
    expect(Math.abs(gap)).toBeGreaterThan(0.01);
    expect(gap).toBe(value - sum - biasSum);
    const [frozen] = (await relevance(subject, [0], 'frozen')).attributions;
    expect(frozen?.value).toBe(value);
    expect(frozen?.sum).not.toBeCloseTo(sum, 3);
  });

  test('gradient × input is the derivative times the input: central differences', async () => {
    const engine = await load();
    const subject = await subjectOf(engine, blockModel(0.5), X);
    const [found] = (await gradientTimesInput(subject, [0])).attributions;
    const h = 1e-2;
    for (const at of [0, 5, 10]) {
      const moved = await Promise.all(
        [h, -h].map(async (step) => {
          const x = BLOCK.x.map((each, place) => (place === at ? each + step : each));
          const there = await subjectOf(engine, blockModel(0.5), { x: float([3, 4], x) });
          return (await gradientTimesInput(there, [0])).attributions[0]?.value ?? NaN;
        }),
      );
      const slope = ((moved[0] ?? NaN) - (moved[1] ?? NaN)) / (2 * h);
      expect(found?.scores[at]).toBeCloseTo(slope * (BLOCK.x[at] ?? NaN), 2);
    }
  });

  test('a linear model: gradient × input, relevance and votes are the same, several outputs in one run', async () => {
    const linear = modelProto({
      nodes: [node('Gemm', ['x', 'W', 'b'], ['y'])],
      inputs: [valueInfo('x', [1, 2])],
      outputs: ['y'],
      initializers: [weight('W', [2, 3], [1, 2, 3, 4, 5, 6]), weight('b', [3], [10, 20, 30])],
    });
    const subject = await subjectOf(await load(), linear, { x: float([1, 2], [1, -1]) });
    const want = [
      {
        output: 2,
        value: 27,
        reference: 0,
        scores: Float32Array.of(3, -6),
        sum: -3,
        magnitude: 9,
        biasSum: 30,
        gap: 0,
      },
      { output: 0, value: 7, reference: 0, scores: Float32Array.of(1, -4), sum: -3, magnitude: 5, biasSum: 10, gap: 0 },
    ];
    expect((await gradientTimesInput(subject, [2, 0])).attributions).toEqual(want);
    expect((await relevance(subject, [2, 0], 'tangent')).attributions).toEqual(want);
    const oneByOne = { ...subject, mostSeeds: 1 };
    expect((await gradientTimesInput(oneByOne, [2, 0])).attributions).toEqual(want);
  });

  test('a start inside the model is the value that the model computes there', async () => {
    const model = modelProto({
      nodes: [node('Mul', ['x', 'two'], ['h']), node('Mul', ['h', 'h'], ['y'])],
      inputs: [valueInfo('x', [2])],
      outputs: ['y'],
      initializers: [scalar('two', 2)],
    });
    const subject = await subjectOf(await load(), model, { x: float([2], [3, 1]) }, 'h');
    const [found] = (await gradientTimesInput(subject, [0])).attributions;
    // y = h²: the derivative gives 2 h² = 72, twice the output.
    expect([Array.from(found?.scores ?? []), found?.value, found?.gap]).toEqual([[72, 0], 36, -36]);
    const [held] = (await relevance(subject, [0], 'tangent')).attributions;
    expect([Array.from(held?.scores ?? []), held?.gap]).toEqual([[36, 0], 0]);
  });
});

test.each(ENGINES)(
  'a rectifier network with normalisation and padding is its own derivative, with no gap ($name)',
  async ({ load }) => {
    const model = modelProto({
      nodes: [
        node('Pad', ['x', 'pads', 'three'], ['p']),
        node('Conv', ['p', 'w'], ['c']),
        node('BatchNormalization', ['c', 'g', 'b', 'm', 'v'], ['n']),
        node('Clip', ['n', 'low', 'high'], ['r']),
        node('GlobalAveragePool', ['r'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 1, 3, 3])],
      outputs: ['y'],
      initializers: [
        integers('pads', [0, 0, 1, 1, 0, 0, 1, 1]),
        scalar('three', 3),
        weight('w', [1, 1, 3, 3], [1, -2, 0.5, 1, 3, -1, 0, 1, -1]),
        ...[
          ['g', 2],
          ['b', 1],
          ['m', 0.5],
          ['v', 4],
        ].map(([name, value]) => weight(String(name), [1], [Number(value)])),
        scalar('low', 0),
        scalar('high', 6),
      ],
    });
    const subject = await subjectOf(await load(), model, { x: float([1, 1, 3, 3], [1, -2, 3, 4, 0.5, 6, -7, 8, 9]) });
    const [gradient] = (await gradientTimesInput(subject, [0])).attributions;
    const [held] = (await relevance(subject, [0], 'tangent')).attributions;
    expect(gradient?.gap).toBeCloseTo(0, 5);
    expect(Math.abs(gradient?.biasSum ?? 0)).toBeGreaterThan(0.1);
    expect(gradient?.scores).toEqual(held?.scores);
  },
);

test('a softmax that is spelled out, and what it weighs, follow their derivative like the operator', () => {
  const spelled = (parts: readonly ReturnType<typeof node>[], whole: string) =>
    createGraph(
      modelProto({
        nodes: [
          node('Exp', ['x'], ['e']),
          node('ReduceSum', ['e', 'axis'], ['sum']),
          ...parts,
          node('Div', ['e', whole], ['p']),
          node('Mul', ['p', 'v'], ['weighted']),
          node('Exp', ['v'], ['other']),
          node('Mul', ['weighted', 'other'], ['y']),
        ],
        inputs: ['x', 'v'],
        outputs: ['y'],
        initializers: [integers('axis', [-1]), integers('shape', [2, 3])],
      }),
    );
  const spread = [node('Unsqueeze', ['sum', 'axis'], ['u']), node('Expand', ['u', 'shape'], ['wide'])];
  for (const graph of [spelled([], 'sum'), spelled(spread, 'wide')]) {
    const readingOf = (value: string, rule: 'tangent' | 'frozen'): string => {
      const producer = graph.producerOf(value);
      return producer === undefined ? '' : relevanceReading(graph, rule)(producer);
    };
    const read = ['e', 'p', 'weighted', 'other', 'y'].map((value) => readingOf(value, 'tangent'));
    expect(read).toEqual(['tangent', 'tangent', 'tangent', 'frozen', 'frozen']);
    expect(readingOf('e', 'frozen')).toBe('frozen');
  }
});

test('a cancelled question ends as one', async () => {
  const [native] = ENGINES;
  const subject = await subjectOf(await (native ?? { load: () => Promise.reject(new Error('none')) }).load(), GATED, {
    x: float([2], [1, 1]),
  });
  const signal = AbortSignal.abort();
  await expect(gradientTimesInput(subject, [0], { signal })).rejects.toThrow(CancelledError);
});
