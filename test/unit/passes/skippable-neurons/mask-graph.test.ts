/** Networks whose neurons are skipped, in both engines, against the same by hand. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/core/dataset/random.js';
import type { Engine } from '../../../../src/core/engine/engine.js';
import type { ModelProto } from '../../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../../src/core/graph/graph.js';
import { cettAt, tokenSteps } from '../../../../src/core/passes/skippable-neurons/cett.js';
import { countedSites, maskGraph, type Criterion } from '../../../../src/core/passes/skippable-neurons/mask-graph.js';
import { maskedLayers } from '../../../../src/core/passes/skippable-neurons/masked-layers.js';
import { skippableNeurons } from '../../../../src/core/passes/skippable-neurons/pass.js';
import { prune } from '../../../../src/core/rewrite/prune.js';
import { ENGINES, runnable } from '../../engine/engines.js';
import { datasetOf, subjectOf } from '../../experiment/subject.js';
import { modelProto, node, valueInfo, weight } from '../../graph-builder.js';

const [TOKENS, WIDTH, HIDDEN] = [3, 4, 10];
const next = randomStream(1, 'mask-graph', 0);
const random = (count: number): number[] => Array.from({ length: count }, () => next() + next() + next() - 1.5);
const up = random(WIDTH * HIDDEN);
const gate = random(WIDTH * HIDDEN);
const down = random(HIDDEN * WIDTH);
const rows = Array.from({ length: 3 }, () => random(TOKENS * WIDTH));

/** y = (SiLU(x G) ⊙ x U) D; without a gate ReLU(x U) D. */
const mlp = (isGated: boolean): ModelProto =>
  modelProto(
    {
      nodes: isGated
        ? [
            node('MatMul', ['x', 'gate'], ['z']),
            node('Sigmoid', ['z'], ['open']),
            node('Mul', ['z', 'open'], ['s']),
            node('MatMul', ['x', 'up'], ['u']),
            node('Mul', ['s', 'u'], ['a']),
            node('MatMul', ['a', 'down'], ['y']),
          ]
        : [node('MatMul', ['x', 'up'], ['u']), node('Relu', ['u'], ['a']), node('MatMul', ['a', 'down'], ['y'])],
      inputs: [valueInfo('x', ['batch', TOKENS, WIDTH])],
      outputs: [valueInfo('y', ['batch', TOKENS, WIDTH])],
      initializers: [
        ...(isGated ? [weight('gate', [WIDTH, HIDDEN], gate)] : []),
        weight('up', [WIDTH, HIDDEN], up),
        weight('down', [HIDDEN, WIDTH], down),
      ],
    },
    18,
  );

const product = (row: readonly number[], matrix: readonly number[], columns: number): number[] =>
  Array.from({ length: columns }, (_, column) =>
    row.reduce((sum, each, at) => sum + each * (matrix[at * columns + column] as number), 0),
  );
/** Of one token: the activation function's output, and the neurons. */
function neuronsOf(token: readonly number[], isGated: boolean): { s: number[]; a: number[] } {
  const u = product(token, up, HIDDEN);
  if (!isGated) return { s: u.map((each) => Math.max(0, each)), a: u.map((each) => Math.max(0, each)) };
  const s = product(token, gate, HIDDEN).map((z) => z / (1 + Math.exp(-z)));
  return { s, a: s.map((each, at) => each * (u[at] as number)) };
}
const tokens = rows.flatMap((row) =>
  Array.from({ length: TOKENS }, (_, at) => row.slice(at * WIDTH, (at + 1) * WIDTH)),
);
const outgoing = {
  norms: Float64Array.from({ length: HIDDEN }, (_, i) => Math.hypot(...down.slice(i * WIDTH, (i + 1) * WIDTH))),
  rows: Float32Array.from(down),
};

async function run(
  engine: Engine,
  isGated: boolean,
  criterion: Criterion,
  level: number,
  counts = (_row: number): number => 1,
): Promise<{ y: number[][]; kept: number[] }> {
  const data = datasetOf({ input: 'x', dims: [TOKENS, WIDTH], rows });
  const subject = await subjectOf(mlp(isGated), data, engine, { experiment: skippableNeurons });
  const { layers, leftOut } = maskedLayers(subject.graph, subject.layers, subject.watched);
  expect(leftOut).toEqual([]);
  expect(layers).toMatchObject([{ neurons: HIDDEN, sites: TOKENS }]);
  const masked = maskGraph(createGraph(mlp(isGated)).model, layers, criterion);
  const session = await engine.open(runnable(prune(masked.model, ['y', ...masked.kept])), { threads: 1 });
  try {
    const { feeds } = await data.batch(0, rows.length);
    const sites = Float32Array.from({ length: rows.length * TOKENS }, (_, row) => counts(row));
    const given = await session.run({
      ...feeds,
      ...masked.feeds([level]),
      [countedSites(TOKENS)]: { type: 'float32', dims: [1, sites.length], data: sites },
    });
    const y = [...(given['y']?.data as Float32Array)];
    return {
      y: tokens.map((_, token) => y.slice(token * WIDTH, (token + 1) * WIDTH)),
      kept: [...(given[masked.kept[0] ?? '']?.data as Float32Array)],
    };
  } finally {
    await session.release();
  }
}

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((each, at) => each - (b[at] as number)));
const outputOf = (a: readonly number[]): number[] => product(a, down, WIDTH);

describe.each(ENGINES)('$name', ({ load }) => {
  it.each([true, false])('skipping changes the output by CETT times its length (gated: %s)', async (isGated) => {
    const engine = await load();
    for (const level of [0.05, 0.2, 0.5, 1, 100]) {
      const { y, kept } = await run(engine, isGated, 'output', level);
      const before = Array.from({ length: HIDDEN }, () => 0);
      tokens.forEach((token, at) => {
        const { a } = neuronsOf(token, isGated);
        const cett = cettAt(tokenSteps(Float32Array.from(a), outgoing), level);
        const whole = Math.hypot(...outputOf(a));
        expect(distance(y[at] as number[], outputOf(a))).toBeCloseTo(Number.isNaN(cett) ? 0 : cett * whole, 4);
        a.forEach((each, i) => {
          if (Math.abs(each) * (outgoing.norms[i] as number) >= level) before[i] = (before[i] as number) + 1;
        });
      });
      expect(kept).toEqual(before);
    }
  });

  it.each(['output', 'activation', 'shift'] as const)('nothing changes at level 0 (%s)', async (criterion) => {
    const engine = await load();
    const { y } = await run(engine, criterion !== 'shift', criterion, 0);
    const expected = tokens.map((token) => outputOf(neuronsOf(token, criterion !== 'shift').a));
    y.forEach((row, at) => expect(distance(row, expected[at] as number[])).toBeLessThan(1e-4));
  });

  it('a cut of gates acts on the gate, and of all of them leaves nothing', async () => {
    const engine = await load();
    const { y } = await run(engine, true, 'activation', 0.3);
    tokens.forEach((token, at) => {
      const { s, a } = neuronsOf(token, true);
      const kept = a.map((each, i) => (Math.abs(s[i] as number) < 0.3 ? 0 : each));
      expect(distance(y[at] as number[], outputOf(kept))).toBeLessThan(1e-4);
    });
    const off = await run(engine, true, 'activation', 100);
    expect(off.y.flat().every((each) => each === 0)).toBe(true);
    expect(off.kept.every((each) => each === 0)).toBe(true);
  });

  it('FATReLU takes the place of a smooth function, and at 0 is a ReLU (methods C1, C4)', async () => {
    const engine = await load();
    for (const threshold of [0, 0.25, 50]) {
      const { y, kept } = await run(engine, true, 'rectified', threshold);
      const above = Array.from({ length: HIDDEN }, () => 0);
      tokens.forEach((token, at) => {
        const z = product(token, gate, HIDDEN);
        const u = product(token, up, HIDDEN);
        z.forEach((each, i) => (above[i] = (above[i] as number) + (each > threshold ? 1 : 0)));
        const neurons = z.map((each, i) => (each > threshold ? each * (u[i] as number) : 0));
        expect(distance(y[at] as number[], outputOf(neurons))).toBeLessThan(1e-4);
      });
      expect(kept).toEqual(above);
    }
  });

  it('FATReLU skips never less at a higher threshold, and is ReLU at 0 (methods C4)', async () => {
    const engine = await load();
    const kept: number[] = [];
    for (const level of [0, 0.1, 0.4, 1, 50]) {
      kept.push((await run(engine, false, 'activation', level)).kept.reduce((sum, each) => sum + each, 0));
    }
    expect([...kept].sort((a, b) => b - a)).toEqual(kept);
    // Level 0 is strict: nothing is below it, exact zeros included.
    expect(kept[0]).toBe(tokens.length * HIDDEN);
    expect(kept.at(-1)).toBe(0);
  });

  it('a shifted ReLU is max(z − b, 0) (methods C1)', async () => {
    const { y, kept } = await run(await load(), false, 'shift', 0.25);
    tokens.forEach((token, at) => {
      const shifted = product(token, up, HIDDEN).map((z) => Math.max(0, z - 0.25));
      expect(distance(y[at] as number[], outputOf(shifted))).toBeLessThan(1e-4);
    });
    const fires = tokens.flatMap((token) => product(token, up, HIDDEN)).filter((z) => z > 0.25).length;
    expect(kept.reduce((sum, each) => sum + each, 0)).toBe(fires);
  });

  it('top-k keeps the k largest at every token, and nothing that is 0', async () => {
    const gated = await run(await load(), true, 'top', 3);
    tokens.forEach((token, at) => {
      const { s, a } = neuronsOf(token, true);
      const least = s.map(Math.abs).sort((x, y) => y - x)[2] as number;
      const kept = a.map((each, i) => (Math.abs(s[i] as number) < least ? 0 : each));
      expect(distance(gated.y[at] as number[], outputOf(kept))).toBeLessThan(1e-4);
    });
    expect(gated.kept.reduce((sum, each) => sum + each, 0)).toBe(3 * tokens.length);
    const relu = await run(await load(), false, 'top', HIDDEN);
    const fires = tokens.flatMap((token) => neuronsOf(token, false).a).filter((each) => each > 0).length;
    expect(relu.kept.reduce((sum, each) => sum + each, 0)).toBe(fires);
  });

  it('sites of padding are not counted', async () => {
    const isCounted = (row: number): number => (row % TOKENS === 2 ? 0 : 1);
    const { kept } = await run(await load(), true, 'output', 0.3, isCounted);
    const expected = Array.from({ length: HIDDEN }, () => 0);
    tokens.forEach((token, row) =>
      neuronsOf(token, true).a.forEach((each, i) => {
        const isKept = Math.abs(each) * (outgoing.norms[i] as number) >= 0.3;
        if (isKept && isCounted(row) === 1) expected[i] = (expected[i] as number) + 1;
      }),
    );
    expect(kept).toEqual(expected);
  });
});
