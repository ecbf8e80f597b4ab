/** The whole way from a file to numbers, on the shipped samples, in both engines, against a slow and obvious computation. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineName } from '../../../src/core/engine/engine.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { chooseEngine } from '../../../src/node/choose-engine.js';
import { createInputs } from '../../../src/worker/inputs.js';
import type { PassResult, RunResult } from '../../../src/core/passes/result.js';
import { mayReplace, mergeResults, withExperiment } from '../../../src/worker/merge-results.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import type { ResultSummary, RunProgress } from '../../../src/protocol/inspection.js';
import { isInEveryRun } from '../../../src/protocol/model.js';
import type { OpenedModel, WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const wasmFolder = join(root, 'node_modules/onnxruntime-web/dist/');
const samples = {
  classifier: join(root, 'media/samples/shapes/shapes-resnet.onnx'),
  language: join(root, 'media/samples/grammar-gpt/grammar-gpt.onnx'),
};
const INPUTS = 24;
const cacheFolder = mkdtempSync(join(tmpdir(), 'model-inspector-cache-'));
afterAll(() => rmSync(cacheFolder, { recursive: true, force: true }));

async function open(
  path: string,
  engine: EngineName,
  options: {
    inputs?: number;
    cached?: boolean;
    dictionary?: string;
    allowedLossIncrease?: number;
    onProgress?: (progress: RunProgress) => unknown;
  } = {},
): Promise<{ inspection: WorkerApi; model: OpenedModel }> {
  const inspection = inspect({ runProgress: async (progress) => void options.onProgress?.(progress) });
  const model = await inspection.open({
    path,
    recipePaths: 'model-folder',
    ...(options.dictionary === undefined ? {} : { dictionary: { path: options.dictionary, answers: {} } }),
    settings: {
      engine,
      threads: 2,
      defaultInputs: options.inputs ?? INPUTS,
      ...(options.allowedLossIncrease === undefined ? {} : { allowedLossIncrease: options.allowedLossIncrease }),
      cacheMegabytes: options.cached ? 64 : 0,
      ...(options.cached ? { cacheFolder } : {}),
    },
  });
  return { inspection, model };
}

/** Runs passes over inputs and gives their result. */
async function run(inspection: WorkerApi, passes: readonly string[]): Promise<ResultSummary> {
  const { result } = await inspection.run({ passes });
  if (result === undefined) throw new Error('Nothing was run on inputs.');
  return result;
}

const inputPasses = ({ passes }: OpenedModel): string[] =>
  passes.filter((pass) => pass.over === 'inputs' && isInEveryRun(pass)).map(({ id }) => id);

/** Raw activations of a layer, [example][unit][position], straight from the engine, one input at a time. */
async function rawActivations(path: string, layer: string): Promise<number[][][]> {
  const file = await openModelFile(path);
  const { network } = file;
  if (network === undefined) throw new Error('The sample has no graph.');
  const { engine } = await chooseEngine('wasm', { wasmFolder });
  const inputs = await createInputs(path, network.graph, { limit: INPUTS, anywhere: false });
  const session = await engine.open(network.toRunnable(prune(network.onnx.proto, [layer])), { threads: 2 });
  const examples: number[][][] = [];
  for (let index = 0; index < INPUTS; index++) {
    const { feeds } = await inputs.dataset().batch(index, index + 1);
    const tensor = (await session.run(feeds))[layer];
    const data = Array.from((tensor?.data ?? []) as Float32Array);
    const dims = tensor?.dims ?? [];
    // [1, channels, height, width] or [1, tokens, neurons]
    const isMap = dims.length === 4;
    const units = (isMap ? dims[1] : dims[2]) as number;
    const positions = data.length / units;
    examples.push(
      Array.from({ length: units }, (_, unit) =>
        Array.from({ length: positions }, (_, at) => data[isMap ? unit * positions + at : at * units + unit] as number),
      ),
    );
  }
  await session.release();
  await file.close();
  return examples;
}

const close = (actual: number, expected: number, scale: number): void =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-5 + 1e-4 * scale);

describe.each([
  ['classifier', 'native'],
  ['classifier', 'wasm'],
  ['language', 'native'],
  ['language', 'wasm'],
] as const)('the sample %s in the %s engine', (sample, engine) => {
  let inspection: WorkerApi;
  let model: OpenedModel;
  beforeAll(async () => {
    ({ inspection, model } = await open(samples[sample], engine));
  });
  afterAll(() => inspection.close({}));

  it('gives every unit’s statistics as a direct computation over all activations does', async () => {
    const result = await run(inspection, inputPasses(model));
    expect(result.inputsSeen).toBe(INPUTS);
    const layer = result.layers[1];
    if (layer === undefined) throw new Error('The sample has fewer than two layers.');
    const raw = await rawActivations(samples[sample], layer.value);
    const metric = async (id: string): Promise<Float32Array> =>
      (await inspection.unitMetric({ metric: id })).layers[1] ?? new Float32Array();
    const [mean, deviation, low, high, zeroShare, firing] = await Promise.all(
      ['unit-mean', 'unit-deviation', 'unit-minimum', 'unit-maximum', 'unit-zero-share', 'unit-firing-rate'].map(
        metric,
      ),
    );
    for (let unit = 0; unit < layer.units; unit++) {
      const values = raw.flatMap((example) => example[unit] ?? []);
      const average = values.reduce((sum, value) => sum + value, 0) / values.length;
      const scale = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
      close(mean?.[unit] as number, average, scale);
      close(
        deviation?.[unit] as number,
        Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length),
        scale,
      );
      close(low?.[unit] as number, Math.min(...values), Math.abs(Math.min(...values)));
      close(high?.[unit] as number, Math.max(...values), Math.abs(Math.max(...values)));
      const zeros = values.filter((value) => value === 0).length / values.length;
      // Engines differ in the last bit, so a value on the edge of zero may fall on either side.
      expect(Math.abs((zeroShare?.[unit] as number) - zeros)).toBeLessThanOrEqual(2e-4);
      expect(Math.abs((firing?.[unit] as number) - (1 - zeros))).toBeLessThanOrEqual(2e-4);
    }
  });

  it('orders the inputs that excite a unit by its largest activation, and shows where it was', async () => {
    const [, layer] = (await run(inspection, ['activation-statistics'])).layers;
    if (layer === undefined) throw new Error('The sample has fewer than two layers.');
    const raw = await rawActivations(samples[sample], layer.value);
    const unit = 3;
    const detail = await inspection.unit({ layer: layer.value, unit });
    const best = raw
      .map((example, index) => ({ index, value: Math.max(...(example[unit] ?? [])) }))
      .sort((a, b) => b.value - a.value);
    detail.top.forEach(({ value }, rank) => close(value, best[rank]?.value as number, Math.abs(value)));
    const first = detail.top[0];
    const example = await inspection.example({ index: first?.index ?? 0, layer: layer.value, unit });
    expect(example.preview.kind).toBe(sample === 'classifier' ? 'image' : 'tokens');
    const shown = example.activations?.values ?? new Float32Array();
    expect(shown.length).toBe(raw[0]?.[unit]?.length);
    close(Math.max(...shown), first?.value as number, Math.abs(first?.value as number));
  });

  it('counts every value of a unit once in its histogram', async () => {
    const [, layer] = (await run(inspection, ['activation-statistics'])).layers;
    const { histogram } = await inspection.unit({ layer: layer?.value ?? '', unit: 0 });
    if (histogram === undefined) throw new Error('The unit has no histogram.');
    const drawn = histogram.counts.reduce((sum, count) => sum + count, 0) + histogram.zeros + histogram.nonFinite;
    expect(drawn).toBe(histogram.counted);
    expect(histogram.counted).toBeLessThanOrEqual(histogram.total);
  });
});

describe('a run', () => {
  it('keeps what it saw when cancelled, and says so', async () => {
    const cancel = { now: (): unknown => undefined };
    const { inspection } = await open(samples.language, 'native', {
      inputs: 200,
      onProgress: ({ done, phase }) => phase === 'Running' && done > 0 && cancel.now(),
    });
    cancel.now = () => inspection.cancelRun({});
    const result = await run(inspection, ['dead-units']);
    expect(result.inputsSeen).toBeGreaterThan(0);
    expect(result.inputsSeen).toBeLessThan(200);
    expect(result.passes[0]?.answer).toContain(`on ${result.inputsSeen} texts`);
    await inspection.close({});
  });

  it('is there at once when the same model is opened with the same inputs, and not with others', async () => {
    const first = await open(samples.classifier, 'native', { cached: true });
    expect(first.model.result).toBeUndefined();
    const computed = await run(first.inspection, ['dead-units', 'zero-sparsity']);
    await first.inspection.close({});
    const second = await open(samples.classifier, 'native', { cached: true });
    expect(second.model.result).toEqual({ ...computed, cached: true });
    await second.inspection.close({});
    const other = await open(samples.classifier, 'native', { cached: true, inputs: INPUTS + 1 });
    expect(other.model.result).toBeUndefined();
    await other.inspection.close({});
  });

  it('stays when a dictionary is attached, and what is said of one dictionary is not said of another', async () => {
    const passesWith = async (name?: string, wanted?: string): Promise<string[]> => {
      const path = name && join(dirname(samples.language), 'dictionaries', name, 'sae_weights.safetensors');
      const { inspection, model } = await open(samples.language, 'native', {
        cached: true,
        inputs: 2,
        ...(path === undefined ? {} : { dictionary: path }),
      });
      const result = wanted === undefined ? model.result : await run(inspection, [wanted]);
      await inspection.close({});
      return (result?.passes ?? []).map(({ pass }) => pass).sort();
    };
    const [one, other] = ['blocks.1.hook_resid_post', 'blocks.2.hook_resid_post'];
    expect(await passesWith(undefined, 'dead-units')).toEqual(['dead-units']);
    expect(await passesWith(one, 'dictionary-fit')).toEqual(['dead-units', 'dictionary-fit']);
    expect(await passesWith(other)).toEqual(['dead-units']);
    expect(await passesWith(one, 'zero-sparsity')).toEqual(['dead-units', 'dictionary-fit', 'zero-sparsity']);
    expect(await passesWith()).toEqual(['dead-units', 'zero-sparsity']);
    expect(await passesWith(one)).toEqual(['dead-units', 'dictionary-fit', 'zero-sparsity']);
  });

  it('stays when another loss is allowed, but for what rests on that', async () => {
    const answersWith = async (allowedLossIncrease: number, wanted?: string): Promise<readonly string[]> => {
      const { inspection, model } = await open(samples.language, 'native', {
        cached: true,
        inputs: 3,
        allowedLossIncrease,
      });
      const result = wanted === undefined ? model.result : await run(inspection, [wanted]);
      await inspection.close({});
      return (result?.passes ?? []).map(({ pass, answer }) => `${pass}: ${answer.slice(0, 8)}`).sort();
    };
    const dead = (await answersWith(0.01, 'dead-units')).join();
    expect(await answersWith(0.01, 'skippable-neurons')).toEqual([dead, 'skippable-neurons: At 1 % m']);
    expect(await answersWith(0.05)).toEqual([dead]);
    expect(await answersWith(0.05, 'skippable-neurons')).toEqual([dead, 'skippable-neurons: At 5 % m']);
    expect(await answersWith(0.01)).toEqual([dead, 'skippable-neurons: At 1 % m']);
    expect(await answersWith(0.05)).toEqual([dead, 'skippable-neurons: At 5 % m']);
  });

  it('is shown even when the cache folder cannot be used', async () => {
    const notAFolder = join(cacheFolder, 'a file');
    writeFileSync(notAFolder, 'in the way');
    const warnings: string[] = [];
    const inspection = inspect({ log: async ({ text }) => void warnings.push(text) });
    await inspection.open({
      path: samples.classifier,
      recipePaths: 'model-folder',
      settings: { engine: 'native', threads: 2, defaultInputs: 2, cacheMegabytes: 64, cacheFolder: notAFolder },
    });
    expect((await run(inspection, ['dead-units'])).inputsSeen).toBe(2);
    expect(warnings.join()).toContain('cache');
    await inspection.close({});
  });

  it('that was cancelled does not take the place of a longer one in the cache', async () => {
    const whole = { inputsSeen: 200, passes: [] } as unknown as RunResult;
    const cut = { inputsSeen: 10, passes: [] } as unknown as RunResult;
    expect([mayReplace(undefined, cut), mayReplace(whole, cut), mayReplace(cut, whole)]).toEqual([true, false, true]);
  });

  it('is refused when the weights changed since the model was opened', async () => {
    const copy = join(cacheFolder, 'model.onnx');
    copyFileSync(samples.classifier, copy);
    const { inspection } = await open(copy, 'native', { inputs: 2 });
    writeFileSync(copy, Buffer.concat([readFileSync(copy), Buffer.alloc(1)]));
    await expect(inspection.run({ passes: ['dead-units'] })).rejects.toThrow(/changed while it was open/);
    await inspection.close({});
  });

  it('keeps the answers of earlier passes on the same inputs', async () => {
    const { inspection } = await open(samples.classifier, 'native');
    await inspection.run({ passes: ['dead-units'] });
    const both = await run(inspection, ['zero-sparsity']);
    expect(both.passes.map(({ pass }) => pass).sort()).toEqual(['dead-units', 'zero-sparsity']);
    await inspection.close({});
  });

  it('writes a report that loads nothing and escapes every name', async () => {
    const { inspection, model } = await open(samples.classifier, 'native');
    const asked = inputPasses(model);
    await run(inspection, asked);
    const { html, json } = await inspection.report({});
    expect(html).not.toMatch(/<script|(src|href)="(?!data:|#)/);
    expect(html).toContain('shapes-resnet.onnx');
    expect(JSON.parse(json).run.passes).toHaveLength(asked.length);
    await inspection.close({});
  });

  it('puts what an experiment found beside the rest, and keeps it when the rest is run again', async () => {
    const progress: RunProgress[] = [];
    const { inspection, model } = await open(samples.language, 'native', {
      inputs: 4,
      onProgress: (each) => progress.push(each),
    });
    expect(model.passes.find(({ id }) => id === 'skippable-neurons')?.runsPerInput).toBeGreaterThan(13);
    expect(inputPasses(model)).not.toContain('skippable-neurons');
    const alone = await run(inspection, ['skippable-neurons']);
    expect(alone).toMatchObject({ inputsSeen: 4, inputsPlanned: 4, synthetic: false });
    expect(alone.passes).toHaveLength(1);
    expect(alone.passes[0]?.answer).toContain('MLP neurons per token can be skipped on 4 texts');
    const runs = progress.filter(({ unit }) => unit === 'runs');
    expect(runs.map(({ done }) => done)).toEqual(runs.map(({ done }) => done).sort((a, b) => a - b));
    expect(runs.at(-1)?.done).toBeLessThanOrEqual(runs.at(-1)?.planned ?? 0);
    const both = await run(inspection, ['dead-units']);
    expect(both.passes.map(({ pass }) => pass).sort()).toEqual(['dead-units', 'skippable-neurons']);
    const { values } = await inspection.unitMetric({ metric: 'kept-rate' }).then(({ layers }) => ({ values: layers }));
    expect(values.map(({ length }) => length)).toEqual([288, 288, 288, 288]);
    const { html } = await inspection.report({});
    expect(html).toContain('Every setting that was run');
    await inspection.close({});
  });

  it('keeps a finished experiment where the same was cancelled later, and other inputs’ experiments', () => {
    const found = (answer: string, incomplete?: string): PassResult =>
      ({ pass: 'skippable-neurons', answer, ...(incomplete === undefined ? {} : { incomplete }) }) as PassResult;
    const run = { inputsSeen: 8, passes: [] as PassResult[] } as unknown as RunResult;
    const cut = withExperiment(run, found('cut', 'It was cancelled.'));
    const whole = withExperiment(cut, found('whole'));
    expect(whole.passes.map(({ answer }) => answer)).toEqual(['whole']);
    expect(withExperiment(whole, found('cut again', 'It was cancelled.'))).toBe(whole);
    const fewer = { inputsSeen: 2, passes: [{ pass: 'dead-units' }] } as unknown as RunResult;
    expect(mergeResults(whole, fewer).passes.map(({ pass }) => pass)).toEqual(['dead-units', 'skippable-neurons']);
  });
});
