/** Attributions and patching of whole models, asked as the page asks. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toBinary } from '@bufbuild/protobuf';
import { afterAll, describe, expect, it } from 'vitest';
import { CancelledError, ProblemError } from '../../../src/core/errors.js';
import type { Recipe } from '../../../src/core/dataset/recipe.js';
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ModelProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { tensorToProto } from '../../../src/core/formats/onnx/tensor-proto.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import type { AttributionMethod, PatchingAnswer } from '../../../src/protocol/attribution.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { neededData } from '../shared-data.js';
import { inspect } from './inspect.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const SHAPES = join(root, 'media/samples/shapes/shapes-resnet.onnx');
const LANGUAGE = join(root, 'media/samples/grammar-gpt/grammar-gpt.onnx');
const folder = mkdtempSync(join(tmpdir(), 'model-inspector-attribution-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function opened<T>(path: string, use: (inspection: WorkerApi) => Promise<T>, recipe?: Recipe): Promise<T> {
  const inspection = inspect();
  const settings = { engine: 'native', threads: 2, defaultInputs: 8, cacheMegabytes: 0 } as const;
  await inspection.open({ path, recipePaths: 'anywhere', settings, ...(recipe === undefined ? {} : { recipe }) });
  try {
    return await use(inspection);
  } finally {
    await inspection.close({});
  }
}

function saved(name: string, model: ModelProto): string {
  const path = join(folder, name);
  writeFileSync(path, toBinary(ModelProtoSchema, model));
  return path;
}

const SYSTEM = { example: 0, reading: 'frozen' } as const;
const METHODS: readonly AttributionMethod[] = [
  { kind: 'gradient-input' },
  { kind: 'integrated-gradients', steps: 32, baseline: { kind: 'zeros' } },
  { kind: 'relevance', patterns: 'frozen' },
];

/** The two largest outputs; of a sequence, at its last position. */
function largest(values: Float32Array, width: number): [number, number] {
  const first = values.length - width;
  const order = Array.from({ length: width }, (_, at) => first + at).sort(
    (a, b) => (values[b] ?? 0) - (values[a] ?? 0),
  );
  return [order[0] ?? 0, order[1] ?? 0];
}

/** What every answer promises, whatever the model. */
function expectSound(answer: PatchingAnswer, direction: 'denoise' | 'noise'): void {
  const { clean, corrupt, effects, normalised, sites, estimates } = answer;
  const span = clean - corrupt;
  expect(effects).toHaveLength(sites.reduce((sum, { count }) => sum + count, 0));
  expect(effects.every(Number.isFinite)).toBe(true);
  effects.forEach((effect, at) => expect(normalised?.[at]).toBeCloseTo(effect / span, 6));
  expect(estimates.map(({ kind }) => kind)).toEqual(['corrupt', 'clean', 'mean']);
  for (const estimate of estimates) {
    expect(estimate.effects).toHaveLength(effects.length);
    expect(estimate.agreement.count).toBe(effects.length);
    expect(estimate.agreement.largest?.deviation).toBeGreaterThanOrEqual(0);
  }
  // The stream at the end carries everything: all of its parts together, and its only position, are the whole change.
  expect(direction === 'denoise' ? span : -span).not.toBe(0);
}

describe('attributions through the worker', () => {
  it('of the residual network: each with its sum, its gap, and one score per pixel', { timeout: 120_000 }, () =>
    opened(SHAPES, async (inspection) => {
      const { to } = await inspection.linearSystem(SYSTEM);
      const outputs = largest(to.values, 10);
      const votes = await inspection.linearVotes({ system: SYSTEM, outputs });
      for (const method of METHODS) {
        const answer = await inspection.attribute({ system: SYSTEM, outputs, method });
        expect(answer.outputs.map(({ output }) => output)).toEqual(outputs);
        answer.outputs.forEach(({ value, reference, scores, sum, biasSum, gap, magnitude }, at) => {
          expect(value).toBeCloseTo(votes[at]?.value ?? NaN, 4);
          expect(scores).toHaveLength(48 * 48);
          expect(scores.reduce((total, each) => total + each, 0)).toBeCloseTo(sum, 3);
          expect(value - reference - biasSum - sum).toBeCloseTo(gap, 6);
          expect(magnitude).toBeGreaterThanOrEqual(Math.abs(sum));
        });
        // A rectifier network is its own derivative: gradient × input and relevance are the votes, with no gap.
        if (method.kind !== 'integrated-gradients') {
          answer.outputs.forEach(({ scores, gap, magnitude }, at) => {
            expect(Math.abs(gap)).toBeLessThan(1e-5 + 1e-4 * magnitude);
            scores.forEach((score, pixel) => expect(score).toBeCloseTo(votes[at]?.votes[pixel] ?? NaN, 3));
          });
        } else {
          expect(answer.notes).toEqual(['The baseline is all zeros.']);
          answer.outputs.forEach(({ gap, value, reference }) =>
            expect(Math.abs(gap)).toBeLessThan(0.1 * Math.abs(value - reference) + 0.1),
          );
        }
      }
    }),
  );

  it(
    'integrated gradients of more steps leave a smaller gap; from the mean and from another input',
    { timeout: 120_000 },
    () =>
      opened(SHAPES, async (inspection) => {
        const [output] = largest((await inspection.linearSystem(SYSTEM)).to.values, 10);
        const gapOf = async (
          steps: number,
          baseline: { readonly kind: 'mean' } | { readonly kind: 'example'; readonly example: number },
        ) => {
          const method = { kind: 'integrated-gradients', steps, baseline } as const;
          return inspection.attribute({ system: SYSTEM, outputs: [output], method });
        };
        const few = await gapOf(2, { kind: 'example', example: 3 });
        const many = await gapOf(128, { kind: 'example', example: 3 });
        const other = await inspection.linearSystem({ ...SYSTEM, example: 3 });
        expect(many.outputs[0]?.reference).toBeCloseTo(other.to.values[output] ?? NaN, 3);
        expect(Math.abs(many.outputs[0]?.gap ?? NaN)).toBeLessThan(Math.abs(few.outputs[0]?.gap ?? NaN));
        expect(many.notes).toEqual(['The baseline is input 4.']);
        expect((await gapOf(2, { kind: 'mean' })).notes).toEqual([
          'The baseline is the mean of 8 of the first 8 inputs.',
        ]);
      }),
  );

  it(
    'of the GPT: one score per token; with frozen patterns relevance adds up, and not with the default',
    { timeout: 120_000 },
    () =>
      opened(LANGUAGE, async (inspection) => {
        const { to, from } = await inspection.linearSystem(SYSTEM);
        const [output] = largest(to.values, 512);
        const ask = async (method: AttributionMethod) =>
          (await inspection.attribute({ system: SYSTEM, outputs: [output], method })).outputs[0];
        const frozen = await ask({ kind: 'relevance', patterns: 'frozen' });
        const usual = await ask({ kind: 'relevance', patterns: 'tangent' });
        const gradient = await ask({ kind: 'gradient-input' });
        expect(from.layout).toMatchObject({ kind: 'sequence', positions: 64 });
        for (const each of [frozen, usual, gradient]) expect(each?.scores).toHaveLength(64);
        expect(frozen?.value).toBeCloseTo(to.values[output] ?? NaN, 3);
        expect(Math.abs(frozen?.gap ?? NaN)).toBeLessThan(1e-5 + 1e-4 * (frozen?.magnitude ?? 0));
        expect(Math.abs(usual?.gap ?? NaN)).toBeGreaterThan(1e-3);
        expect(Math.abs(gradient?.gap ?? NaN)).toBeGreaterThan(1e-3);
      }),
  );
});

describe('patching through the worker', () => {
  it.each(['denoise', 'noise'] as const)(
    'of the GPT, %s: token by token, side by side',
    { timeout: 120_000 },
    (direction) =>
      opened(LANGUAGE, async (inspection) => {
        const { to } = await inspection.linearSystem(SYSTEM);
        const [output, minus] = largest(to.values, 512);
        const shares: number[] = [];
        const request = { system: SYSTEM, corrupt: 1, metric: { output, minus }, direction } as const;
        const answer = await inspection.patch(request, undefined, (share) => shares.push(share));
        expectSound(answer, direction);
        expect(answer.clean).toBeCloseTo((to.values[output] ?? NaN) - (to.values[minus] ?? NaN), 3);
        expect(answer.sites.map(({ role }) => role)).toEqual([
          'start',
          ...Array.from({ length: 4 }, () => ['branch', 'stream', 'branch', 'stream']).flat(),
        ]);
        expect(answer.sites.every(({ parts, count }) => parts.kind === 'positions' && count === 64)).toBe(true);
        expect(answer.sites[1]?.label).toContain('blocks.0');
        // At the end of the stream only the last token reaches its logits, and it brings all of the change.
        const last = answer.sites.at(-1);
        const effects = answer.effects.subarray(last?.first, (last?.first ?? 0) + (last?.count ?? 0));
        const whole = direction === 'denoise' ? answer.clean - answer.corrupt : answer.corrupt - answer.clean;
        expect(effects.at(-1)).toBeCloseTo(whole, 3);
        expect(effects.slice(0, -1).every((each) => Math.abs(each) < 1e-4)).toBe(true);
        expect(shares.at(-1)).toBe(1);
        expect(answer.estimates[2]?.agreement.correlation).toBeGreaterThan(0.3);
      }),
  );

  it(
    'of the residual network: blocks by cells of a coarse grid; the estimate at the mean of both is the better',
    { timeout: 120_000 },
    () =>
      opened(SHAPES, async (inspection) => {
        const { to } = await inspection.linearSystem(SYSTEM);
        const [output] = largest(to.values, 10);
        const answer = await inspection.patch({ system: SYSTEM, corrupt: 5, metric: { output }, direction: 'denoise' });
        expectSound(answer, 'denoise');
        expect(answer.sites[0]).toMatchObject({
          role: 'start',
          parts: { kind: 'grid', rows: 4, columns: 4 },
          count: 16,
        });
        expect(new Set(answer.sites.map(({ role }) => role))).toEqual(new Set(['start', 'branch', 'stream']));
        expect(answer.estimates[2]?.agreement.correlation).toBeGreaterThan(0.3);
      }),
  );

  it('stops when cancelled', () =>
    opened(LANGUAGE, async (inspection) => {
      const controller = new AbortController();
      const request = { system: SYSTEM, corrupt: 1, metric: { output: 0 }, direction: 'denoise' } as const;
      let seen = 0;
      const act = inspection.patch(request, controller.signal, () => {
        seen++;
        controller.abort();
      });
      await expect(act).rejects.toThrow(CancelledError);
      expect(seen).toBe(1);
    }));
});

describe('real models of other people', () => {
  it.each([
    ['derived/resnet20-12fca82f.onnx', 10],
    ['vision-classification/mnist-8-cntk.onnx', 10],
    ['derived/stories260K.onnx', 512],
    ['derived/modadd113_seed0.onnx', 113],
  ])(
    '%s: relevance adds up, and the last value of the stream carries the change',
    { timeout: 240_000 },
    (name, width) =>
      opened(
        neededData(name, (note) => {
          throw new Error(note);
        }),
        async (inspection) => {
          const { to } = await inspection.linearSystem(SYSTEM);
          const [output, minus] = largest(to.values, width);
          const relevance = { kind: 'relevance', patterns: 'frozen' } as const;
          const [found] = (await inspection.attribute({ system: SYSTEM, outputs: [output], method: relevance }))
            .outputs;
          expect(Math.abs(found?.gap ?? NaN)).toBeLessThan(
            1e-5 + 1e-4 * ((found?.magnitude ?? 0) + Math.abs(found?.biasSum ?? 0)),
          );
          const answer = await inspection.patch({
            system: SYSTEM,
            corrupt: 1,
            metric: { output, minus },
            direction: 'denoise',
          });
          expectSound(answer, 'denoise');
          expect(answer.estimates[2]?.agreement.correlation).toBeGreaterThan(0.3);
        },
      ),
  );
});

describe('what cannot be answered is a problem with a sentence', () => {
  const x = valueInfo('x', ['batch', 3]);
  const simple = () =>
    saved(
      'simple.onnx',
      modelProto({
        nodes: [node('Mul', ['x', 'two'], ['h']), node('Relu', ['h'], ['y'])],
        inputs: [x],
        outputs: ['y'],
        initializers: [scalar('two', 2)],
      }),
    );

  it('outputs, inputs and steps that are not there', () =>
    opened(simple(), async (inspection) => {
      const attribute = (outputs: number[], method: AttributionMethod, example = 0) =>
        inspection.attribute({ system: { ...SYSTEM, example }, outputs, method });
      const [gradient] = METHODS;
      if (gradient === undefined) throw new Error('no method');
      const ig = { kind: 'integrated-gradients', steps: 5000, baseline: { kind: 'zeros' } } as const;
      await expect(attribute([3], gradient)).rejects.toThrow(/There is no element 3/);
      await expect(attribute([], gradient)).rejects.toThrow(/From 1 to 16 outputs/);
      await expect(attribute([0], gradient, 99)).rejects.toThrow(/There are 8 inputs/);
      await expect(attribute([0], ig)).rejects.toThrow(/1 to 1000 steps, not 5000/);
      await expect(attribute([0], { ...ig, steps: 5, baseline: { kind: 'example', example: 99 } })).rejects.toThrow(
        ProblemError,
      );
      const patch = { system: SYSTEM, corrupt: 1, metric: { output: 0, minus: 7 }, direction: 'denoise' } as const;
      await expect(inspection.patch(patch)).rejects.toThrow(/There is no element 7/);
      await expect(inspection.patch({ ...patch, metric: { output: 0 }, corrupt: -1 })).rejects.toThrow(/no input 0/);
    }));

  it('texts of different lengths; of texts of one length the embeddings are patched, not the whole numbers', () => {
    const path = saved(
      'tokens.onnx',
      modelProto({
        nodes: [
          node('Gather', ['table', 'ids'], ['e']),
          node('ReduceMean', ['e'], ['y'], { attributes: { axes: [1], keepdims: 0n } }),
        ],
        inputs: [makeValueInfo('ids', DataType.INT64, ['batch', 'sequence'])],
        outputs: ['y'],
        initializers: [weight('table', [5, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])],
      }),
    );
    [
      [0, 1, 2],
      [2, 3, 4],
      [0, 1, 2, 3],
    ].forEach((ids, set) => {
      const data = BigInt64Array.from(ids, BigInt);
      mkdirSync(join(folder, `test_data_set_${set}`));
      writeFileSync(
        join(folder, `test_data_set_${set}`, 'input_0.pb'),
        toBinary(TensorProtoSchema, tensorToProto('ids', { type: 'int64', dims: [1, ids.length], data })),
      );
    });
    const recipe: Recipe = { version: 1, inputs: { ids: { source: 'test-data', path: '.' } } };
    const ask = async (inspection: WorkerApi): Promise<void> => {
      const request = { system: SYSTEM, metric: { output: 0 }, direction: 'denoise' } as const;
      const answer = await inspection.patch({ ...request, corrupt: 1 });
      expect(answer.sites.map(({ value, role }) => `${role} ${value}`)).toEqual(['start e']);
      expect(answer.notes.join()).toMatch(/holds whole numbers/);
      // The mean of three embeddings, of 1, 3, 5 and of 5, 7, 9.
      expect([answer.clean, answer.corrupt]).toEqual([3, 7]);
      answer.effects.forEach((effect) => expect(effect).toBeCloseTo(-4 / 3, 5));
      await expect(inspection.patch({ ...request, corrupt: 2 })).rejects.toThrow(
        /“ids” is 1 × 3 in the clean one and 1 × 4 in the corrupt one/,
      );
      const baseline = { kind: 'example', example: 2 } as const;
      const method = { kind: 'integrated-gradients', steps: 4, baseline } as const;
      await expect(inspection.attribute({ system: SYSTEM, outputs: [0], method })).rejects.toThrow(/of another size/);
      const mean = { ...method, baseline: { kind: 'mean' } } as const;
      const { notes } = await inspection.attribute({ system: SYSTEM, outputs: [0], method: mean });
      expect(notes).toEqual(['The baseline is the mean of 2 of the first 3 inputs.']);
    };
    return opened(path, ask, recipe);
  });

  it('numbers that are not finite', () => {
    const path = saved(
      'log.onnx',
      modelProto({
        nodes: [node('Sub', ['x', 'x'], ['zero']), node('Log', ['zero'], ['y'])],
        inputs: [x],
        outputs: ['y'],
      }),
    );
    return opened(path, async (inspection) => {
      const gradient = { system: SYSTEM, outputs: [0], method: { kind: 'gradient-input' } } as const;
      await expect(inspection.attribute(gradient)).rejects.toThrow(/not finite/);
      await expect(
        inspection.patch({ system: SYSTEM, corrupt: 1, metric: { output: 0 }, direction: 'denoise' }),
      ).rejects.toThrow(/not finite on the clean input/);
    });
  });
});
