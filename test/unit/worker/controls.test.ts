/** Controls of a whole result, from files: the same as running the passes on the control itself (golden invariant 24). */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { redrawWeights } from '../../../src/core/controls/redraw.js';
import { controlledPass, type ControlRun } from '../../../src/core/controls/control.js';
import { normalStream, randomStream } from '../../../src/core/dataset/random.js';
import type { EngineName } from '../../../src/core/engine/engine.js';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import type { ResultSummary } from '../../../src/protocol/inspection.js';
import type { OpenedModel, WorkerApi } from '../../../src/protocol/worker-api.js';
import { bytesOf } from '../formats/onnx-builder.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { inspect } from './inspect.js';

const folder = mkdtempSync(join(tmpdir(), 'model-inspector-controls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const INPUTS = 90;
const PASSES = ['dead-units', 'zero-sparsity', 'activation-statistics'];

function normal(name: string, count: number, mean = 0, deviation = 1): number[] {
  const draw = normalStream(randomStream(4, name, 0));
  return Array.from({ length: count }, () => mean + deviation * draw());
}

/** x: [batch, 24] → 48 units → ReLU → 24 units → ReLU; its first weight is large enough to lie in the file. */
const net = modelProto({
  nodes: [
    node('Gemm', ['x', 'w1', 'b1'], ['h1']),
    node('Relu', ['h1'], ['r1']),
    node('Gemm', ['r1', 'w2', 'b2'], ['h2']),
    node('Relu', ['h2'], ['r2']),
  ],
  inputs: [valueInfo('x', ['batch', 24])],
  outputs: [valueInfo('r2', ['batch', 24])],
  initializers: [
    weight('w1', [24, 48], normal('w1', 24 * 48)),
    weight('b1', [48], normal('b1', 48, -6, 4)),
    weight('w2', [48, 24], normal('w2', 48 * 24, 0.1)),
    weight('b2', [24], normal('b2', 24, -2, 20)),
  ],
});
const data = encodeNpy({
  type: 'float32',
  dims: [INPUTS, 24],
  data: Float32Array.from(normal('x', INPUTS * 24), (value, index) => value * (index % 24)),
});

function save(name: string, model: Uint8Array, inputs: object = { x: { source: 'array', path: 'x.npy' } }): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'x.npy'), data);
  writeFileSync(join(place, 'net.onnx'), model);
  writeFileSync(join(place, 'net.inspect.json'), JSON.stringify({ version: 1, inputs }));
  return join(place, 'net.onnx');
}

async function open(
  path: string,
  engine: EngineName,
  { cached = false, onProgress = (): void => undefined } = {},
): Promise<{ inspection: WorkerApi; model: OpenedModel }> {
  const inspection = inspect({ runProgress: async () => onProgress() });
  const cacheFolder = join(folder, 'cache');
  const model = await inspection.open({
    path,
    recipePaths: 'model-folder',
    settings: {
      engine,
      threads: 1,
      defaultInputs: 200,
      cacheMegabytes: cached ? 64 : 0,
      ...(cached ? { cacheFolder } : {}),
    },
  });
  return { inspection, model };
}

async function resultOf(path: string, engine: EngineName): Promise<ResultSummary> {
  const { inspection } = await open(path, engine);
  const { result } = await inspection.run({ passes: PASSES });
  await inspection.close({});
  return result as ResultSummary;
}

const scratchFolders = (): string[] => readdirSync(tmpdir()).filter((name) => /^model-inspector-weights-/.test(name));

describe.each(['native', 'wasm'] as const)('controls in the %s engine', (engine) => {
  it('are what the same passes give on the redrawn network, and on the shuffled inputs', async () => {
    const scratchBefore = scratchFolders();
    const path = save(`plain-${engine}`, bytesOf(net));
    const { inspection } = await open(path, engine);
    const { result: plain } = await inspection.run({ passes: PASSES });
    const { result } = await inspection.compare({ seed: 1 });
    await inspection.close({});
    expect(scratchFolders()).toEqual(scratchBefore);
    if (plain === undefined || result === undefined) throw new Error('Nothing was run.');
    expect(plain.controls).toEqual({ runs: [], notRun: [] });
    expect({ ...result, controls: plain.controls }).toEqual(plain);
    const [weights, inputs] = result.controls.runs;
    expect([weights?.inputsSeen, inputs?.inputsSeen]).toEqual([INPUTS, INPUTS]);

    // The same network redrawn by hand, as a model of its own.
    const redrawn = await redrawWeights(
      net,
      async () => Promise.reject(new Error()),
      { location: '', append: async () => undefined },
      1,
    );
    const ofRedrawn = await resultOf(save(`redrawn-${engine}`, bytesOf(redrawn.model)), engine);
    const expected = (passes: ResultSummary['passes']): unknown[] =>
      passes.map((pass) => controlledPass(pass as unknown as PassResult));
    expect(weights?.passes).toEqual(expected(ofRedrawn.passes));
    const zeroShare = ({ passes }: Pick<ResultSummary, 'passes'> | ControlRun): number | undefined =>
      passes.find(({ pass }) => pass === 'zero-sparsity')?.headlines?.[0]?.value;
    expect(new Set([plain, weights as ControlRun, inputs as ControlRun].map(zeroShare)).size).toBe(3);
    expect(weights?.description).toContain('4 tensors of weights (2,376 numbers) were redrawn');
  });
});

it('signal propagation, and it alone, is run on noise as well: a layer x ↦ 2 x makes its variance 4', async () => {
  const doubled = modelProto({
    nodes: [
      node('Gemm', ['x', 'w'], ['h']),
      node('Relu', ['h'], ['r']),
      node('Gemm', ['r', 'w'], ['h2']),
      node('Relu', ['h2'], ['r2']),
    ],
    inputs: [valueInfo('x', ['batch', 24])],
    outputs: [valueInfo('r2', ['batch', 24])],
    initializers: [
      weight(
        'w',
        [24, 24],
        Array.from({ length: 576 }, (_, at) => (at % 25 === 0 ? 2 : 0)),
      ),
    ],
  });
  const { inspection } = await open(save('noise', bytesOf(doubled)), 'wasm');
  await inspection.run({ passes: ['signal-propagation', 'zero-sparsity'] });
  const { result } = await inspection.compare({ seed: 1 });
  await inspection.close({});
  const noise = result?.controls.runs.find(({ control }) => control === 'noise-inputs');
  expect(noise?.passes.map(({ pass }) => pass)).toEqual(['signal-propagation']);
  expect(noise?.description).toContain('normal distribution with mean 0 and standard deviation 1');
  const variances = noise?.passes[0]?.curves.find(({ id }) => id === 'channel-variance-by-depth')?.series[0]?.y ?? [];
  // ReLU(N(0, 1)) has variance .3408450569 (methods F): times 4, then times 16. Over 2,160 numbers.
  expect((variances[0] as number) / (4 * 0.3408450569)).toBeCloseTo(1, 0.8);
  expect((variances[1] as number) / (variances[0] as number)).toBeCloseTo(4, 4);
}, 60_000);

it('token ids have no noise, which is said', async () => {
  const embedding = modelProto({
    nodes: [node('Gather', ['table', 'ids'], ['e']), node('Relu', ['e'], ['r']), node('Relu', ['r'], ['y'])],
    inputs: [makeValueInfo('ids', DataType.INT64, ['batch', 5])],
    outputs: [valueInfo('y', ['batch', 5, 8])],
    initializers: [weight('table', [10, 8], normal('table', 80))],
  });
  const path = save('ids', bytesOf(embedding), { ids: { source: 'array', path: 'ids.npy' } });
  writeFileSync(
    join(path, '../ids.npy'),
    encodeNpy({ type: 'int64', dims: [12, 5], data: BigInt64Array.from({ length: 60 }, (_, at) => BigInt(at % 10)) }),
  );
  const { inspection } = await open(path, 'wasm');
  await inspection.run({ passes: ['signal-propagation'] });
  const { result } = await inspection.compare({ seed: 1 });
  await inspection.close({});
  expect(result?.controls.notRun).toEqual([
    { control: 'noise-inputs', reason: expect.stringContaining('token ids or other whole numbers') as string },
  ]);
}, 60_000);

it('controls are told again when the model is opened again, and another seed stands beside the first', async () => {
  const path = save('cached', bytesOf(net));
  const first = await open(path, 'native', { cached: true });
  await first.inspection.run({ passes: PASSES });
  await first.inspection.compare({ seed: 1 });
  const { result } = await first.inspection.compare({ seed: 2 });
  await first.inspection.close({});
  expect(result?.controls.runs.map(({ control, seed }) => `${control} ${seed}`)).toEqual([
    'random-weights 1',
    'random-weights 2',
    'shuffled-inputs 1',
    'shuffled-inputs 2',
  ]);
  const again = await open(path, 'native', { cached: true });
  expect(again.model.result?.controls).toEqual(result?.controls);
  // The same passes over the same inputs: their controls still stand beside them.
  const { result: rerun } = await again.inspection.run({ passes: PASSES });
  expect(rerun?.controls).toEqual(result?.controls);
  await again.inspection.close({});
});

it('random inputs are not shuffled, and say why', async () => {
  const path = save('synthetic', bytesOf(net), { x: { source: 'synthetic', distribution: 'normal', seed: 1 } });
  const { inspection } = await open(path, 'native');
  await inspection.run({ passes: ['zero-sparsity'] });
  const { result } = await inspection.compare({ seed: 1 });
  await inspection.close({});
  expect(result?.controls.runs.map(({ control }) => control)).toEqual(['random-weights']);
  expect(result?.controls.notRun).toEqual([
    {
      control: 'shuffled-inputs',
      reason: 'The inputs are random numbers already: in another order they would be as random.',
    },
  ]);
});

it('nothing is compared before a run, and what was finished before a cancellation is kept', async () => {
  const path = save('cancelled', bytesOf(net));
  let cancelWhen = (): void => undefined;
  const { inspection } = await open(path, 'native', { onProgress: () => cancelWhen() });
  await expect(inspection.compare({ seed: 1 })).rejects.toThrow('Nothing was run');
  await inspection.run({ passes: PASSES });
  cancelWhen = () => void inspection.cancelRun({});
  await expect(inspection.compare({ seed: 1 })).rejects.toThrow('Cancelled');
  cancelWhen = () => undefined;
  const { result } = await inspection.compare({ seed: 1 });
  expect(result?.controls.runs).toHaveLength(2);
  const { html, json } = await inspection.report({});
  expect(html).toContain('random weights');
  expect((JSON.parse(json) as { controls: { runs: unknown[] } }).controls.runs).toHaveLength(2);
  expect(await inspection.table({})).toContain('Zero share, random weights');
  await inspection.close({});
});
