/**
 * Rows and columns against PyTorch's autograd: a residual CNN with batch normalisation and max-pooling, and a GPT-style
 * block, both under both readings. Made by test/fixtures/linearize/make_fixtures.py.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { linearize } from '../../../src/core/rewrite/linearize/linearize.js';
import { prepareForLinearize, shapesOfRun } from '../../../src/core/rewrite/linearize/prepare.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { ENGINES } from '../engine/engines.js';
import { float, numbers, runModel } from './linear-system.js';

interface Recorded {
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly u: readonly number[];
  readonly v: readonly number[];
  readonly frozen: { readonly row: readonly number[]; readonly column: readonly number[] };
  readonly tangent: { readonly row: readonly number[]; readonly column: readonly number[] };
}

const fixture = (name: string): URL => new URL(`../../fixtures/linearize/${name}`, import.meta.url);
const RECORDED = JSON.parse(readFileSync(fixture('gradients.json'), 'utf8')) as Readonly<Record<string, Recorded>>;
const CASES = Object.keys(RECORDED).flatMap((name) =>
  (['frozen', 'tangent'] as const).map((reading) => ({ name, reading })),
);

/** Methods, section 0: within 1e-5 + 1e-4 of what is summed up; the largest stands for that here. */
function expectSame(got: readonly number[], want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  const largest = want.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const worst = want.reduce((most, each, at) => Math.max(most, Math.abs(each - (got[at] ?? NaN))), 0);
  expect(worst).toBeLessThanOrEqual(1e-5 + 1e-4 * largest);
  expect(largest).toBeGreaterThan(0.01);
}

describe.each(ENGINES)('against PyTorch with the $name engine', ({ load }) => {
  test.each(CASES)('$name, $reading', async ({ name, reading }) => {
    const recorded = RECORDED[name];
    if (recorded === undefined) throw new Error(`no fixture ${name}`);
    const engine = await load();
    const graph = prepareForLinearize(decodeOnnx(readFileSync(fixture(`${name}.onnx`))));
    const { inputShape, outputShape, x, y, u, v } = recorded;
    const feeds = { x: float(inputShape, x) };
    const made = graph.nodes.flatMap(({ outputs }) => outputs).filter((value) => value !== '');
    const values = { ...feeds, ...(await runModel(engine, prune(graph.model, made), feeds)) };
    const linearization = linearize({ graph, shapes: shapesOfRun(values), from: ['x'], to: ['y'], reading });
    expect([linearization.cutNodes, linearization.inexact]).toEqual([[], []]);
    const written = linearization.write(['affine', 'forward', 'transpose']);
    const seeds = { [written.seeds.get('y') ?? '']: float([1, ...outputShape], u) };
    const run = (direction: readonly number[]) =>
      runModel(engine, written.model, {
        ...feeds,
        ...seeds,
        [written.directions.get('x') ?? '']: float([1, ...inputShape], direction),
      });
    const [atInput, along] = [await run(x), await run(v)];
    expectSame(numbers(atInput[written.affine.get('y') ?? '']), y);
    expectSame(numbers(along[written.forward.get('y') ?? '']), recorded[reading].column);
    expectSame(numbers(along[written.transpose.get('x') ?? '']), recorded[reading].row);
  });
});
