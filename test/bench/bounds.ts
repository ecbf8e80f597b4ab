import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { decodeOnnx } from '../../src/core/formats/onnx/decode.js';
import { toRunnable } from '../../src/core/formats/onnx/serialize.js';
import { createGraph } from '../../src/core/graph/graph.js';
import { inferShapes } from '../../src/core/rewrite/infer-shapes.js';
import type { Box } from '../../src/core/rewrite/linearize/bounds/box.js';
import { CROWN_BUDGET, openBounds } from '../../src/core/rewrite/linearize/bounds/run-bounds.js';
import { boundsOf } from '../../src/core/rewrite/linearize/bounds/write-bounds.js';
import { prepareForLinearize } from '../../src/core/rewrite/linearize/prepare.js';
import { prune } from '../../src/core/rewrite/prune.js';
import { elementCount, type NamedTensors } from '../../src/core/tensor/tensor.js';
import { loadEngine, NETWORKS, openNetwork } from './networks.js';
import { median, note, report, timeInTurn } from './timing.js';

/** issue: intervals of a network in as many of its forwards, CROWN of an ACAS Xu network on one core. */
const TARGETS = { intervals: 6, crownMilliseconds: 2000 };
const CROWN_RUNS = 5;

const DATA = resolve(process.env['MODEL_INSPECTOR_DATA'] ?? '../shared/data');

/** Intervals of every pre-activation of ResNet-18 over its bare forward, at the same input size and threads. */
export async function measureIntervals(seconds: number): Promise<boolean> {
  const file = await openNetwork('resnet18');
  const engine = await loadEngine('native');
  const graph = prepareForLinearize(file.onnx.proto);
  const encode = file.toRunnable;
  const shapes = await (await inferShapes({ graph, engine, toRunnable: encode })).at({ N: 1 });
  const from = graph.inputs.map(({ name }) => name);
  const to = graph.outputs.map(({ name }) => name);
  const feeds = NETWORKS.resnet18.feeds(1);
  const bounds = boundsOf({ graph, shapes, from, to });
  const run = await openBounds(bounds, { engine, toRunnable: encode, feeds, crownBudget: 0, threads: 1 });
  const bare = await engine.open(encode(prune(graph.model, to)), { threads: 1 });
  const box: Box = new Map(
    from.map((value) => {
      const count = elementCount(bounds.shape(value));
      return [value, { lower: new Float64Array(count).fill(-0.01), upper: new Float64Array(count).fill(0.01) }];
    }),
  );
  const { signal } = new AbortController();
  const times = await timeInTurn(
    { bare: () => bare.run(feeds), intervals: () => run.bound(box, new Map(), signal) },
    seconds,
  );
  await run.release();
  await bare.release();
  note(`1 thread; bare forward ${times.bare.wall.toFixed(0)} ms, median; ${bounds.targets.length} values bounded`);
  return report(
    'intervals of every pre-activation / bare forward',
    times.intervals.cpu / times.bare.cpu,
    TARGETS.intervals,
    '×',
    `wall time ${(times.intervals.wall / times.bare.wall).toFixed(2)} ×`,
  );
}

/** All of it: reading the graph, writing and opening the graphs of bounds, one box. One thread. */
export async function measureCrown(): Promise<boolean> {
  const path = resolve(DATA, 'acasxu/ACASXU_1_1.onnx');
  if (!existsSync(path)) {
    note(`SKIPPED: no ${path} (set MODEL_INSPECTOR_DATA)`);
    return true;
  }
  const engine = await loadEngine('native');
  const model = decodeOnnx(readFileSync(path));
  const box: Box = new Map([
    [
      'input',
      { lower: Float64Array.of(-0.33, -0.5, -0.5, -0.5, -0.5), upper: Float64Array.of(0.68, 0.5, 0.5, 0.5, 0.5) },
    ],
  ]);
  const feeds: NamedTensors = { input: { type: 'float32', dims: [1, 1, 1, 5], data: new Float32Array(5) } };
  const encode = (each: typeof model) => toRunnable(each, '/');
  const once = async (): Promise<{ readonly wall: number; readonly cpu: number; readonly box: number }> => {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const graph = createGraph(prepareForLinearize(model).model);
    const shapes = await (await inferShapes({ graph, engine, toRunnable: encode })).at({});
    const to = graph.outputs.map(({ name }) => name);
    const bounds = boundsOf({ graph, shapes, from: ['input'], to });
    const options = { engine, toRunnable: encode, feeds, crownBudget: CROWN_BUDGET, threads: 1 };
    const run = await openBounds(bounds, options);
    const opened = performance.now();
    await run.bound(box, new Map(), new AbortController().signal);
    const end = performance.now();
    await run.release();
    const { user, system } = process.cpuUsage(cpu);
    return { wall: end - start, cpu: (user + system) / 1000, box: end - opened };
  };
  await once();
  const runs: Awaited<ReturnType<typeof once>>[] = [];
  for (let count = 0; count < CROWN_RUNS; count++) runs.push(await once());
  const middle = (of: 'wall' | 'cpu' | 'box'): number => median(runs.map((each) => each[of]));
  return report(
    'CROWN of an ACAS Xu network, CPU time',
    middle('cpu'),
    TARGETS.crownMilliseconds,
    'ms',
    `wall time ${middle('wall').toFixed(0)} ms, of which a box ${middle('box').toFixed(0)} ms`,
  );
}
