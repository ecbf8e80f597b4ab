import { loadavg } from 'node:os';
import { createGraph } from '../../src/core/graph/graph.js';
import { firstFloatValues } from '../../src/core/rewrite/linearize/ends.js';
import { linearize } from '../../src/core/rewrite/linearize/linearize.js';
import type { KnownShapes } from '../../src/core/rewrite/linearize/plan.js';
import { prepareForLinearize } from '../../src/core/rewrite/linearize/prepare.js';
import { inferShapes } from '../../src/core/rewrite/infer-shapes.js';
import { prune } from '../../src/core/rewrite/prune.js';
import { systemAt } from '../../src/core/linear/system.js';
import { openGraphs } from '../../src/core/linear/system-graphs.js';
import { elementCount, type NamedTensors } from '../../src/core/tensor/tensor.js';
import { openModelFile } from '../../src/worker/open-model.js';
import { sharedData } from '../unit/shared-data.js';
import { loadEngine, NETWORKS, openNetwork, type NetworkName } from './networks.js';
import { THREADS } from './observing.js';
import { median, note, report, reportRatio, timeInTurn } from './timing.js';

/** issue: cost of a linear reading over the bare forward of the same engine, and of writing its graph. */
const TARGETS = { row: 3.5, rows: 16 * 2.2, column: 2.5, writeMilliseconds: 300, liveMilliseconds: 300 };
const SEEDS = 16;
const WRITES = 5;

/** Open dimensions of the networks. */
const SIZES: Readonly<Record<NetworkName, Readonly<Record<string, number>>>> = {
  resnet18: { N: 1 },
  gpt2: { N: 1, T: 128 },
};

/** Rows and columns of one input, frozen, over the bare forward; and how long writing the rewritten graph takes. */
export async function measureLinear(network: NetworkName, seconds: number): Promise<boolean> {
  const file = await openNetwork(network);
  const engine = await loadEngine('native');
  const prepared = prepareForLinearize(file.onnx.proto);
  const { toRunnable } = file;
  const inferred = await inferShapes({ graph: prepared, engine, toRunnable });
  const shapes: KnownShapes = await inferred.at(SIZES[network]);
  const to = prepared.outputs.map(({ name }) => name);
  const from = firstFloatValues(prepared, shapes).slice(0, 1);
  const writeTimes = Array.from({ length: WRITES }, () => {
    const start = performance.now();
    const graph = createGraph(prepareForLinearize(file.onnx.proto).model);
    const written = linearize({ graph, shapes, from, to, reading: 'frozen' }).write(['transpose']);
    toRunnable(written.model);
    return performance.now() - start;
  });

  const graphs = await openGraphs(
    { prepared, engine, threads: THREADS, toRunnable },
    { reading: 'frozen' },
    NETWORKS[network].feeds(1),
    undefined,
  );
  const { linearization } = graphs;
  for (const { node, reason } of linearization.cutNodes) note(`not read: ${node.name}: ${reason}`);
  const bare = await engine.open(toRunnable(prune(prepared.model, to)), { threads: THREADS });
  const inputs = NETWORKS[network].feeds(1);
  const [width, height] = [graphs.from, graphs.to].map(({ dims }) => elementCount(dims));
  const direction = noise(width ?? 1);
  const [oneSeed, someSeeds] = [noise(height ?? 1), noise(graphs.seedsPerRun * (height ?? 1))];
  const opened = await graphs.coefficients(inputs);
  const times = await timeInTurn(
    {
      bare: () => bare.run(inputs),
      row: async () => graphs.transpose(await graphs.coefficients(inputs), oneSeed),
      async rows() {
        const at = await graphs.coefficients(inputs);
        for (let seeds = 0; seeds < SEEDS; seeds += graphs.seedsPerRun) await graphs.transpose(at, someSeeds);
      },
      column: async () => graphs.forward(await graphs.coefficients(inputs), direction),
      anotherRow: () => graphs.transpose(opened, oneSeed),
    },
    seconds,
  );
  note(
    `${THREADS} threads; bare forward ${times.bare.wall.toFixed(0)} ms, median; load ${(loadavg()[0] ?? 0).toFixed(1)}; ` +
      `from “${graphs.from.value}” to “${graphs.to.value}”, ${linearization.biases.length} biases, ` +
      `${graphs.seedsPerRun} seeds in one run`,
  );
  return [
    reportRatio('one row with its ledger / bare forward', times.row, times.bare, TARGETS.row),
    reportRatio(`${SEEDS} rows / bare forward`, times.rows, times.bare, TARGETS.rows),
    reportRatio('one column / bare forward', times.column, times.bare, TARGETS.column),
    reportRatio('one more row of the same input / bare forward', times.anotherRow, times.bare, TARGETS.row),
    report('reading the graph and writing its twin', median(writeTimes), TARGETS.writeMilliseconds, 'ms'),
  ].every(Boolean);
}

/** The row under the pointer, of a model that makes pictures of 672 × 672: what the page waits for. */
export async function measureLiveRow(seconds: number): Promise<boolean> {
  const path = sharedData('derived/superres_core.onnx');
  if (path === undefined) return true;
  const { network } = await openModelFile(path);
  if (network === undefined) throw new Error('The super-resolution model has no graph.');
  const engine = await loadEngine('native');
  const prepared = prepareForLinearize(network.onnx.proto);
  const model = { prepared, engine, threads: THREADS, toRunnable: network.toRunnable };
  const picture = noise(224 * 224);
  const feeds: NamedTensors = { input: { type: 'float32', dims: [1, 1, 224, 224], data: picture } };
  const graphs = await openGraphs(model, { reading: 'frozen' }, feeds, undefined);
  const context = { original: network.graph, placeOf: () => '', batch: 1, classes: [], layoutOf: () => undefined };
  const system = await systemAt(graphs, model, context, feeds);
  let output = 0;
  const bare = await engine.open(network.toRunnable(network.onnx.proto), { threads: THREADS });
  const times = await timeInTurn({ bare: () => bare.run(feeds), row: () => system.row((output += 1001)) }, seconds);
  note(`${THREADS} threads; bare forward ${times.bare.wall.toFixed(0)} ms; load ${(loadavg()[0] ?? 0).toFixed(1)}`);
  return report('one row under the pointer', times.row.wall, TARGETS.liveMilliseconds, 'ms');
}

function noise(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, at) => Math.sin(at * 12.9898));
}
