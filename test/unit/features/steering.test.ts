import { describe, expect, it } from 'vitest';
import type { Batch } from '../../../src/core/dataset/dataset.js';
import type { Coder, Normalisation } from '../../../src/core/dictionary/coder.js';
import { writtenGains } from '../../../src/core/dictionary/written-gain.js';
import { ProblemError } from '../../../src/core/errors.js';
import type { ExperimentSubject } from '../../../src/core/experiment/subject.js';
import { directEffects } from '../../../src/core/features/steering/direct-effects.js';
import { firingsBuilder, rankFeatures, activationsOf } from '../../../src/core/features/steering/firings.js';
import { changesOf, type Intervention } from '../../../src/core/features/steering/interventions.js';
import { openSteering, type Positions, type SteeredRun } from '../../../src/core/features/steering/steer.js';
import { writtenRows } from '../../../src/core/features/written-rows.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { coderOf, NO_FILE, tensor } from '../dictionary/hand-made.js';
import { ENGINES, modelOf, runnable } from '../engine/engines.js';

/** methods B1 (4): x = (1.1, 0.3) fires f = (0.5, 0.5, 0), x̂ = (0.6, 0.3). */
const HALF = Math.SQRT1_2;
const X = [1.1, 0.3];
const coder = (changed: Partial<Coder> = {}): Coder => ({
  ...coderOf({
    encoder: [
      [1, 0, -1],
      [0, 1, 1],
    ],
    decoder: [
      [1, 0],
      [0, 1],
      [-HALF, HALF],
    ],
    encoderBias: [-0.5, 0, 0.25],
    bias: [0.1, -0.2],
    subtracts: true,
    activation: { kind: 'relu' },
  }),
  ...changed,
});

/** x → value = x + 0 → each position’s own scores (value₀, value₁, value₀ + 2 value₁); `inside` reads what comes before. */
const MODEL = modelOf({
  node: [
    makeNode('Add', ['x', 'zero'], ['value']),
    makeNode('MatMul', ['value', 'W_U'], ['scores']),
    makeNode('Mul', ['value', 'two'], ['out']),
    makeNode('Add', ['out', 'x'], ['further']),
    makeNode('MatMul', ['further', 'W_U'], ['far scores']),
  ],
  input: [makeValueInfo('x', DataType.FLOAT, ['batch', 'position', 2])],
  output: [
    makeValueInfo('scores', DataType.FLOAT, ['batch', 'position', 3]),
    makeValueInfo('far scores', DataType.FLOAT, ['batch', 'position', 3]),
  ],
  initializer: [
    floatTensor('zero', [], [0]),
    floatTensor('two', [], [2]),
    floatTensor('W_U', [2, 3], [1, 0, 1, 0, 1, 2]),
  ],
});
const scoresOf = ([a = 0, b = 0]: readonly number[]): number[] => [a, b, a + 2 * b];

const batchOf = (rows: readonly (readonly number[])[], more: Partial<Batch> = {}): Batch => ({
  feeds: { x: { type: 'float32', dims: [1, rows.length, 2], data: Float32Array.from(rows.flat()) } },
  indices: [0],
  ...more,
});

describe.each(ENGINES)('a network with features changed, $name', ({ load }) => {
  const steer = async (
    interventions: readonly Intervention[],
    options: {
      readonly positions?: Positions;
      readonly batch?: Batch;
      readonly coder?: Coder;
      readonly writes?: string;
      readonly scores?: string;
    } = {},
  ): Promise<SteeredRun & { readonly rows: number[][]; readonly clean: number[][] }> => {
    const subject = {
      engine: await load(),
      threads: 1,
      toRunnable: runnable,
      dataset: { maximumBatch: Infinity },
    } as unknown as ExperimentSubject;
    const { positions = 'all', batch = batchOf([X, X]), coder: used = coder(), scores = 'scores' } = options;
    const attached = {
      coder: used,
      file: NO_FILE,
      folder: '/',
      model: MODEL,
      reads: 'value',
      writes: options.writes ?? 'value',
    };
    const steering = await openSteering(subject, attached, scores);
    const run = await steering.steered(batch, changesOf(interventions, Float32Array.of(2, 2, 4)), positions);
    const clean = await steering.clean(batch);
    await steering.release();
    const all = (of: typeof clean): number[][] => Array.from({ length: of.rows }, (_, at) => [...of.row(at)]);
    return { ...run, rows: all(run.scores), clean: all(clean) };
  };
  const close = (got: readonly number[] | undefined, want: readonly number[]): void => {
    expect(got).toHaveLength(want.length);
    want.forEach((value, at) => expect(got?.[at]).toBeCloseTo(value, 5));
  };
  const ablate = (feature: number): Intervention => ({ feature, kind: 'ablate', amount: 0, unit: 'absolute' });

  it('ablation takes a W_dec away and keeps what the dictionary leaves unexplained', async () => {
    const { rows, before, after } = await steer([ablate(0)]);
    // x' = (1.1, 0.3) − 0.5 (1, 0); the reconstruction without the feature is (0.1, 0.3), the error (0.5, 0).
    close(rows[0], scoresOf([0.6, 0.3]));
    expect([...before, ...after]).toEqual([0.5, 0.5, 0, 0].map(Math.fround));
  });

  it('adds in multiples of the maximum, and sets', async () => {
    const added = await steer([{ feature: 2, kind: 'add', amount: 0.5, unit: 'maximum' }]);
    close(added.rows[1], scoresOf([1.1 - 2 * HALF, 0.3 + 2 * HALF]));
    const set = await steer([
      { feature: 1, kind: 'set', amount: 1, unit: 'absolute' },
      { feature: 0, kind: 'set', amount: -1, unit: 'absolute' },
    ]);
    close(set.rows[0], scoresOf([1.1 - 1.5, 0.3 + 0.5]));
    expect([...set.after]).toEqual([1, -1, 1, -1]);
  });

  it('changes chosen positions alone, and no padding', async () => {
    const chosen = await steer([ablate(0)], { positions: [1] });
    expect(chosen.rows[0]).toEqual(chosen.clean[0]);
    close(chosen.rows[1], scoresOf([0.6, 0.3]));
    const padded = await steer([ablate(0)], { batch: batchOf([X, X, X], { filled: [2] }) });
    expect(padded.tokens).toBe(2);
    expect(padded.rows[2]).toEqual(padded.clean[2]);
    close(padded.rows[1], scoresOf([0.6, 0.3]));
  });

  it('doing nothing changes nothing, bit by bit', async () => {
    const nothing: readonly Intervention[][] = [
      [],
      [{ feature: 0, kind: 'add', amount: 0, unit: 'maximum' }],
      [{ feature: 0, kind: 'set', amount: 0.5, unit: 'absolute' }],
      [ablate(2)],
    ];
    for (const interventions of nothing) {
      // (0.6, 0.3): exactly 0 and a little; the third is 0 and stays so. Powers of two, so that “set” can be what there is.
      const { rows, clean } = await steer(interventions, { batch: batchOf([[1.1, 0.3]]) });
      if (interventions[0]?.kind === 'set') close(rows[0], clean[0] ?? []);
      else expect(rows).toEqual(clean);
    }
  });

  it('of a transcoder is added where it writes, not where it reads', async () => {
    const { rows } = await steer([ablate(1)], { writes: 'out', scores: 'far scores' });
    // out = 2 x, less 0.5 (0, 1); further = out + x.
    close(rows[0], scoresOf([3.3, 0.9 - 0.5]));
  });

  it.each([
    // x √2/‖x‖ before, its inverse after; of (3, 4): factor √2/5, a₀ = 3 √2/5 − 0.1 − 0.5.
    ['unit norm', { kind: 'unit-norm', undone: true }, [3, 4], [3 - (3 - (0.6 * 5) / Math.SQRT2), 4]],
    ['a scale', { kind: 'scale', input: 0.5, output: 2 }, [3, 4], [3 - 2 * (1.5 - 0.6), 4]],
    // Mean 3.5, deviation √0.5 (N − 1): x₁ = ∓√½ about, f₁ = √½ + 0.2; undone times √0.5.
    ['layer norm', { kind: 'layer-norm', undone: true }, [3, 4], undefined],
  ] satisfies [string, Normalisation, number[], number[] | undefined][])(
    'undoes %s on the change alone',
    async (_, normalisation, x, want) => {
      const feature = want === undefined ? 1 : 0;
      const { rows } = await steer([ablate(feature)], { coder: coder({ normalisation }), batch: batchOf([x]) });
      const f1 = Math.SQRT1_2 / (1 + 1e-5 / Math.SQRT1_2) + 0.2;
      close(rows[0], scoresOf(want ?? [3, 4 - f1 * Math.SQRT1_2]));
    },
  );

  it.each<[string, Normalisation]>([
    ['none', { kind: 'none' }],
    ['unit norm', { kind: 'unit-norm', undone: true }],
    ['unit norm of the input alone', { kind: 'unit-norm', undone: false }],
    ['layer norm', { kind: 'layer-norm', undone: true }],
    ['layer norm of the input alone', { kind: 'layer-norm', undone: false }],
    ['a scale', { kind: 'scale', input: 0.5, output: 2 }],
    [
      'standardise',
      { kind: 'standardise', mean: { tensor: tensor('m', [2], [1, 2]) }, scale: { tensor: tensor('s', [1], [4]) } },
    ],
    [
      'standardise by an exponential',
      {
        kind: 'standardise',
        mean: { tensor: tensor('m', [2], [1, 2]) },
        scale: { tensor: tensor('s', [1], [-1]), exponential: true },
      },
    ],
  ])('knows without a run what undoing “%s” multiplies with', async (_, normalisation) => {
    const subject = {
      engine: await load(),
      threads: 1,
      toRunnable: runnable,
      dataset: { maximumBatch: Infinity },
    } as unknown as ExperimentSubject;
    const used = coder({ normalisation });
    const attached = { coder: used, file: NO_FILE, folder: '/', model: MODEL, reads: 'value', writes: 'value' };
    const steering = await openSteering(subject, attached, 'scores');
    const rows = [[3, 4], X, [0, 0], [-2, 1e-3]];
    const measured = await steering.gain(batchOf(rows));
    await steering.release();
    const known = (await writtenGains(used, Float32Array.from(rows.flat()))) ?? new Float32Array(4).fill(1);
    known.forEach((gain, at) => expect(gain).toBeCloseTo(measured[at] as number, 5));
  });

  it('divides by the norm of the decoder’s row where that scales features', async () => {
    const scaled = coder({
      decoderNorm: { use: 'scales', over: 'all places' },
      decoder: { ...coder().decoder, tensor: tensor('W_dec', [3, 2], [2, 0, 0, 1, -HALF, HALF]) },
    });
    const { rows, before } = await steer([ablate(0)], { coder: scaled });
    // h n = 0.5 · 2 = 1 goes through the ReLU; it writes 1 · (2, 0)/2.
    expect(before[0]).toBeCloseTo(1, 6);
    close(rows[0], scoresOf([1.1 - 1, 0.3]));
  });
});

describe('what is asked to be changed', () => {
  const of = (each: Partial<Intervention>) => () =>
    changesOf([{ feature: 0, kind: 'add', amount: 1, unit: 'maximum', ...each }], Float32Array.of(2, 0));
  it.each([
    ['a feature that there is not', of({ feature: 2 }), 'There is no feature 2'],
    ['a maximum of a feature that never fired', of({ feature: 1 }), 'it has no maximum'],
    ['an amount that is no number', of({ amount: NaN }), 'cannot be changed by “NaN”'],
    ['an amount beyond float32', of({ amount: 1e39, unit: 'absolute' }), 'cannot be changed'],
    [
      'a feature twice',
      () =>
        changesOf(
          [0, 0].map((feature) => ({ feature, kind: 'ablate', amount: 0, unit: 'absolute' })),
          Float32Array.of(1),
        ),
      'changed twice',
    ],
  ])('%s is said', (_, work, message) => {
    expect(work).toThrow(ProblemError);
    expect(work).toThrow(message);
  });
});

describe('features that fire on a text', () => {
  const builder = firingsBuilder(3);
  builder.add(Float32Array.of(1, 0, 2, 0, 0, NaN), 0);
  builder.add(Float32Array.of(3, 0.5, 0), 2);
  const firings = builder.finish(3);
  const density = Float64Array.of(0.5, 0.1, 0.2);
  const features = (by: 'activation' | 'rarity' | 'effect', at?: number, effects?: Float64Array): Promise<number[]> =>
    rankFeatures(firings, by, at, density, effects).then((ranked) => ranked.map(({ feature }) => feature));

  it('are ranked by activation, rarity and effect, at a token or at any', async () => {
    expect(await features('activation')).toEqual([0, 2, 1]);
    expect(await features('activation', 0)).toEqual([2, 0]);
    expect(await features('activation', 1)).toEqual([]);
    expect(await features('rarity')).toEqual([1, 2, 0]);
    // Firings in order: 0 and 2 at token 0, 0 and 1 at token 2.
    expect(await features('effect', undefined, Float64Array.of(-5, 1, 0.1, 2))).toEqual([0, 1, 2]);
    const [first] = await rankFeatures(firings, 'effect', undefined, density, Float64Array.of(-5, 1, 0.1, 2));
    expect(firings.token[first?.firing ?? -1]).toBe(0);
    expect([...activationsOf(firings, 0)]).toEqual([1, 0, 3]);
  });

  it('write their row of the decoder, divided by its norm where that scales them', async () => {
    const decoder = { ...coder().decoder, tensor: tensor('W_dec', [3, 2], [2, 0, 0, 1, -3, 4]) };
    expect([...(await writtenRows(coder({ decoder }), [2, 0]))]).toEqual([-3, 4, 2, 0]);
    const scaled = coder({ decoder, decoderNorm: { use: 'scales', over: 'all places' } });
    expect([...(await writtenRows(scaled, [2, 0]))]).toEqual([-0.6, 0.8, 1, 0].map(Math.fround));
  });

  it('have direct effects: a times the decoder’s row times the centred unembedding of what is predicted', async () => {
    const unembedding = {
      tokens: 3,
      effects: async (rows: Float32Array) =>
        Float32Array.from(
          Array.from({ length: rows.length / 2 }, (_, at) => scoresOf([...rows.subarray(2 * at, 2 * at + 2)])).flat(),
        ),
      release: async () => undefined,
    };
    const effects = await directEffects(
      firings,
      coder(),
      unembedding,
      Int32Array.of(2, 0, 1),
      Float32Array.of(1, 1, 2),
      undefined,
      new AbortController().signal,
    );
    // Feature 0 writes (1, 0): scores (1, 0, 1), mean 2/3; feature 1: (0, 1, 2), mean 1; feature 2: HALF (−1, 1, 1), mean HALF/3.
    const want = [1 * (1 - 2 / 3), 2 * (HALF - HALF / 3), 3 * 2 * (0 - 2 / 3), 0.5 * 2 * (1 - 1)];
    want.forEach((value, at) => expect(effects[at]).toBeCloseTo(value, 6));
  });
});
