/** The experiment from end to end on small networks: what it says, and what it says of bad input. */
import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/core/dataset/random.js';
import type { Engine } from '../../../../src/core/engine/engine.js';
import { CancelledError } from '../../../../src/core/errors.js';
import type { ModelProto } from '../../../../src/core/formats/onnx/onnx_pb.js';
import { skippableNeurons } from '../../../../src/core/passes/skippable-neurons/pass.js';
import type { PassResult } from '../../../../src/core/passes/result.js';
import { amount } from '../../../../src/core/passes/words.js';
import { ENGINES, runnable } from '../../engine/engines.js';
import { datasetOf, subjectOf, type ByHand, type SubjectOptions } from '../../experiment/subject.js';
import { modelProto, node, valueInfo, weight } from '../../graph-builder.js';

const next = randomStream(2, 'pass', 0);
const random = (count: number): number[] => Array.from({ length: count }, () => next() + next() + next() - 1.5);
const [WIDTH, HIDDEN, CLASSES] = [6, 24, 4];
const rows = Array.from({ length: 12 }, () => random(WIDTH));

/** Two blocks with a residual stream and a head. @param scale of the first block's outgoing weights */
const network = (scale = 1): ModelProto =>
  modelProto({
    nodes: [
      node('MatMul', ['x', 'up1'], ['u1']),
      node('Relu', ['u1'], ['a1']),
      node('MatMul', ['a1', 'down1'], ['d1']),
      node('Add', ['x', 'd1'], ['r1']),
      node('MatMul', ['r1', 'up2'], ['u2']),
      node('Relu', ['u2'], ['a2']),
      node('MatMul', ['a2', 'down2'], ['d2']),
      node('Add', ['r1', 'd2'], ['r2']),
      node('MatMul', ['r2', 'head'], ['logits']),
    ],
    inputs: [valueInfo('x', ['batch', WIDTH])],
    outputs: [valueInfo('logits', ['batch', CLASSES])],
    initializers: [
      weight('up1', [WIDTH, HIDDEN], random(WIDTH * HIDDEN)),
      weight(
        'down1',
        [HIDDEN, WIDTH],
        random(HIDDEN * WIDTH).map((each) => scale * each),
      ),
      weight('up2', [WIDTH, HIDDEN], random(WIDTH * HIDDEN)),
      weight('down2', [HIDDEN, WIDTH], random(HIDDEN * WIDTH)),
      weight('head', [WIDTH, CLASSES], random(WIDTH * CLASSES)),
    ],
  });

let engine: Engine;
beforeAll(async () => {
  engine = await (ENGINES[0]?.load as () => Promise<Engine>)();
});

async function examine(
  model: ModelProto,
  data: Partial<ByHand> = {},
  options: SubjectOptions = {},
): Promise<PassResult> {
  const dataset = datasetOf({ input: 'x', dims: [WIDTH], rows, ...data });
  return skippableNeurons.examine(
    await subjectOf(model, dataset, engine, { experiment: skippableNeurons, ...options }),
  );
}

const labelled = rows.map((_, index) => ({ classIndex: index % CLASSES }));
const table = (result: PassResult, id: string): readonly (readonly (string | number)[])[] =>
  result.tables?.find((each) => each.id === id)?.rows.map(({ cells }) => cells) ?? [];

describe('what it finds', () => {
  it('keeps the loss within 1 %, and counts what every layer skips', async () => {
    const result = await examine(network(), { targets: labelled });
    expect(result.answer).toMatch(
      /^At 1 % more perplexity of the label, .* % of the MLP neurons per site can be skipped on 12 inputs/,
    );
    expect(result.answer).toContain('12 labels: few');
    expect(result.incomplete).toBeUndefined();
    const settings = table(result, 'skipping-settings');
    const cett = settings.filter(([metric]) => String(metric).startsWith('CETT'));
    const within = cett.filter(([, , , , increase]) => Number(increase) <= 0.01);
    const layers = table(result, 'skippable-layers');
    expect(layers.at(-1)?.[4]).toBe(within.at(-1)?.[2]);
    // Thresholds rise together: more is skipped at every higher target.
    const shares = cett.map(([, , skipped]) => Number(skipped));
    expect([...shares].sort((a, b) => a - b)).toEqual(shares);
    const units = result.unitMetrics[0]?.values ?? {};
    const shareOf = (layer: string): number => 1 - (units[layer]?.reduce((sum, each) => sum + each, 0) ?? NaN) / HIDDEN;
    expect(result.layerMetrics[0]?.values['a1']).toBeCloseTo(shareOf('a1'), 5);
    expect(result.layerMetrics[0]?.values['a2']).toBeCloseTo(shareOf('a2'), 5);
    expect(new Set(settings.map(([metric]) => String(metric).split(':')[0]))).toEqual(
      new Set(['CETT', 'FATReLU', 'One share of every layer (as CATS, without gates)', 'Top-k', 'Shifted ReLU']),
    );
  });

  it('keeps to another loss that is allowed, and every word follows', async () => {
    const [usual, looser] = [
      await examine(network(), { targets: labelled }),
      await examine(network(), { targets: labelled }, { allowedLossIncrease: 0.05 }),
    ];
    expect(looser.answer).toMatch(/^At 5 % more perplexity of the label/);
    expect(looser.answer).toContain('few for a loss of 5 %');
    expect(looser.headlines?.[0]?.label).toBe('Can be skipped, at most 5 % worse');
    expect(looser.headlines?.[0]?.value).toBeGreaterThan(usual.headlines?.[0]?.value ?? NaN);
    const within = table(looser, 'skipping-settings').filter(
      ([metric, , , , increase]) => String(metric).startsWith('CETT') && Number(increase) <= 0.05,
    );
    expect(table(looser, 'skippable-layers').at(-1)?.[4]).toBe(within.at(-1)?.[2]);
    const allowed = looser.curves[0]?.series.at(-1);
    expect([allowed?.label, allowed?.y[0]]).toEqual(['Allowed: 5 %', Math.fround(0.05)]);
    const words = [
      ...[looser.answer, ...looser.findings.map(({ sentence }) => sentence)],
      ...looser.layerMetrics.map(({ definition }) => definition),
      ...(looser.tables ?? []).map(({ title, definition }) => title + definition),
      ...(looser.headlines ?? []).map(({ label, definition }) => label + definition),
    ];
    for (const text of words) expect(text).not.toMatch(/(at|within|to|of) 1 %/);
  });

  it('says which loss it measures without labels, and that random inputs are random', async () => {
    const result = await examine(network(), { synthetic: true });
    expect(result.answer).toContain('the model’s own predictions');
    expect(result.answer).toContain('have no labels');
    expect(result.answer).toContain('on 12 random inputs');
    expect(result.answer).toContain('The inputs are random');
    expect(result.answer).toContain('That rests on 12 inputs: few');
  });

  it('draws every setting of every metric in one chart, however large its loss, beside what is allowed', async () => {
    const result = await examine(network(), { targets: labelled });
    const [loss, right] = result.curves;
    const settings = table(result, 'skipping-settings');
    expect(Math.max(...settings.map(([, , , , increase]) => Number(increase)))).toBeGreaterThan(0.5);
    for (const curve of [loss, right]) {
      const drawn = curve?.series.filter(({ dashed }) => dashed !== true) ?? [];
      expect(drawn.reduce((sum, { x }) => sum + x.length, 0)).toBe(settings.length);
      expect(new Set(drawn.map(({ label }) => label))).toEqual(
        new Set(settings.map(([metric]) => String(metric).split(':')[0])),
      );
    }
    // Along an axis of orders of magnitude everything is above 0.
    expect(loss?.spread).toBe('logarithmic');
    for (const { y } of loss?.series ?? []) expect(Math.min(...y)).toBeGreaterThanOrEqual(Math.fround(0.001));
    expect(right?.series.at(-1)?.label).toMatch(/^Nothing skipped: /);
  });

  it('says where the network does no better than guessing, which makes its loss tell nothing', async () => {
    const model = network();
    const session = await engine.open(runnable(model), { threads: 1 });
    const { logits } = await session.run({
      x: { type: 'float32', dims: [rows.length, WIDTH], data: Float32Array.from(rows.flat()) },
    });
    await session.release();
    const scores = Array.from(logits?.data as Float32Array);
    const extreme = (pick: (...each: number[]) => number): { readonly classIndex: number }[] =>
      rows.map((_, row) => {
        const own = scores.slice(row * CLASSES, (row + 1) * CLASSES);
        return { classIndex: own.indexOf(pick(...own)) };
      });
    const [right, wrong] = [
      await examine(model, { targets: extreme(Math.max) }),
      await examine(model, { targets: extreme(Math.min) }),
    ];
    expect(right.answer).toContain('Accuracy goes from 100 % to ');
    expect(right.answer).not.toContain('guessing');
    expect(right.findings[0]?.kind).toBe('skippable');
    expect(wrong.answer).toMatch(
      /no better than guessing: its perplexity is [\d.,]+, that of a guess among 4 classes is 4/,
    );
    // Of what makes a bad guess better, no control says that it “gives this too”.
    expect(wrong.findings[0]).toMatchObject({ kind: 'skipping-helps', sentence: expect.stringContaining('guessing') });
  });

  it('says where only what is 0 already can be skipped', async () => {
    const model = network();
    const weights = model.graph?.initializer.find(({ name }) => name === 'up1');
    // One neuron fires so weakly that no threshold on the grid lies between it and 0.
    const tiny = [...(weights?.floatData ?? [])].map((each, at) => (at % HIDDEN === 0 ? 1e-6 * each : each));
    const changed = {
      ...model,
      graph: {
        ...(model.graph as NonNullable<typeof model.graph>),
        initializer: (model.graph?.initializer ?? []).map((each) =>
          each.name === 'up1' ? weight('up1', [WIDTH, HIDDEN], tiny) : each,
        ),
      },
    };
    const result = await examine(changed, {}, { allowedLossIncrease: 1e-15 });
    const shown = result.tables?.find(({ id }) => id === 'skippable-layers');
    const threshold = shown?.columns.findIndex(({ id }) => id === 'threshold') ?? -1;
    expect(shown?.rows[0]?.cells[threshold]).toBe('only what is 0');
  });

  it('says how many inputs have no label', async () => {
    const result = await examine(network(), { targets: labelled.map((each, index) => (index < 3 ? {} : each)) });
    expect(result.answer).toContain('3 inputs have no known target');
  });

  it('warns of a single input, and gives no interval', async () => {
    const result = await examine(network(), { rows: rows.slice(0, 1), targets: labelled.slice(0, 1) });
    expect(result.answer).toContain('This rests on one input only.');
    expect(result.answer).not.toContain('resamples');
  });

  it('skips all of a block that adds nothing', async () => {
    const result = await examine(network(0), { targets: labelled });
    expect(result.layerMetrics[0]?.values['a1']).toBe(1);
    expect(result.findings.find(({ layer }) => layer === 'a1')?.sentence).toContain('adds nothing but its bias');
  });

  it('works on plain activations where there is no MLP block, and says so', async () => {
    const model = modelProto({
      nodes: [
        node('MatMul', ['x', 'w'], ['u']),
        node('Tanh', ['u'], ['h']),
        node('ReduceMax', ['h'], ['m'], { attributes: { axes: [1], keepdims: 1n } }),
        node('Mul', ['h', 'm'], ['y']),
      ],
      inputs: [valueInfo('x', ['batch', WIDTH])],
      outputs: [valueInfo('y', ['batch', HIDDEN])],
      initializers: [weight('w', [WIDTH, HIDDEN], random(WIDTH * HIDDEN))],
    });
    const result = await examine(model);
    expect(result.answer).toMatch(/^At 1 % change of the output, .* % of the activations can be skipped/);
    expect(result.answer).toContain('the smallest activations of every layer are set to 0');
    expect(table(result, 'skippable-layers')[0]?.slice(0, 3)).toEqual([expect.any(String), 'activation layer', HIDDEN]);
  });
});

describe('when cancelled', () => {
  const cancelAt = (runs: number): SubjectOptions => {
    const controller = new AbortController();
    return {
      signal: controller.signal,
      onProgress: ({ runsDone }) => {
        if (runsDone >= runs) controller.abort();
      },
    };
  };

  it('says nothing before anything is known', async () => {
    await expect(examine(network(), { targets: labelled }, cancelAt(6))).rejects.toThrow(CancelledError);
  });

  it('says what was found by then, and that it is not all', async () => {
    const halfway = await examine(network(), { targets: labelled }, cancelAt(12 * 3));
    expect(halfway.incomplete).toMatch(/search was cancelled after \d steps?,/);
    const model = network();
    const compared = await examine(model, { targets: labelled }, cancelAt(12 * 16));
    expect(compared.incomplete).toContain('the search itself is complete');
    expect(compared.answer).toBe((await examine(model, { targets: labelled })).answer);
  });
});

it('colours the graph with the numbers of the table by layer', async () => {
  const result = await examine(network(), { targets: labelled });
  const shown = result.tables?.find(({ id }) => id === 'skippable-layers');
  const column = (id: string): (string | number)[] => {
    const at = shown?.columns.findIndex((each) => each.id === id) ?? -1;
    return ['a1', 'a2'].map((_, row) => shown?.rows[row]?.cells[at] ?? '');
  };
  const metric = (id: string): (number | undefined)[] => {
    const found = result.layerMetrics.find((each) => each.id === id);
    return ['a1', 'a2'].map((layer) => found?.values[layer]);
  };
  expect(metric('skippable-share')).toEqual(column('skipped'));
  expect(metric('skippable-cett')).toEqual(column('cett'));
  expect(metric('skippable-threshold').map((each) => amount(each ?? NaN))).toEqual(column('threshold'));
  expect(metric('skippable-weights-behind')).toEqual(column('down'));
  expect(metric('skippable-weights')).toEqual(column('all'));
  expect(metric('skippable-operations')).toEqual(column('operations'));
  // Up and down, of as many weights each; one operation is a multiplication, one an addition.
  const [share = NaN] = metric('skippable-share');
  expect(metric('skippable-weights')[0]).toBeCloseTo(share * 2 * WIDTH * HIDDEN, 6);
  expect(metric('skippable-weights-behind')[0]).toBeCloseTo(share * WIDTH * HIDDEN, 6);
  expect(metric('skippable-operations')[0]).toBeCloseTo(share * 4 * WIDTH * HIDDEN, 6);
  // Of both blocks together: what stands beside controls.
  const headline = (id: string): number => result.headlines?.find((each) => each.id === id)?.value ?? NaN;
  const total = (id: string): number =>
    Number(shown?.rows.at(-1)?.cells[shown.columns.findIndex((each) => each.id === id)]);
  expect(headline('operations-saved')).toBe(Math.round(total('operations')));
  expect(headline('weights-saved')).toBeCloseTo(total('all') / (4 * WIDTH * HIDDEN + WIDTH * CLASSES), 6);
});
