import { loadavg } from 'node:os';
import { createGraph } from '../../src/core/graph/graph.js';
import { firstFloatValues } from '../../src/core/rewrite/linearize/ends.js';
import { linearize } from '../../src/core/rewrite/linearize/linearize.js';
import type { KnownShapes } from '../../src/core/rewrite/linearize/plan.js';
import { prepareForLinearize } from '../../src/core/rewrite/linearize/prepare.js';
import { inferShapes } from '../../src/core/rewrite/infer-shapes.js';
import { prune } from '../../src/core/rewrite/prune.js';
import { elementCount, type NamedTensors, type Tensor } from '../../src/core/tensor/tensor.js';
import { loadEngine, NETWORKS, openNetwork, type NetworkName } from './networks.js';
import { THREADS } from './observing.js';
import { median, note, report, reportRatio, timeInTurn } from './timing.js';

/** issue: cost of a linear reading over the bare forward of the same engine, and of writing its graph. */
const TARGETS = { row: 3.5, rows: 16 * 2.2, column: 2.5, writeMilliseconds: 300 };
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

  const linearization = linearize({ graph: prepared, shapes, from, to, reading: 'frozen' });
  for (const { node, reason } of linearization.cutNodes) note(`not read: ${node.name}: ${reason}`);
  const backward = linearization.write(['transpose']);
  const forward = linearization.write(['forward']);
  const open = (model: typeof prepared.model) => engine.open(toRunnable(model), { threads: THREADS });
  const [bare, rows, columns] = [
    await open(prune(prepared.model, to)),
    await open(backward.model),
    await open(forward.model),
  ];
  const inputs = NETWORKS[network].feeds(1);
  const seeded = (names: ReadonlyMap<string, string>, count: number): NamedTensors =>
    Object.fromEntries([...names].map(([value, name]) => [name, noise([count, ...(shapes.shapeOf(value) ?? [])])]));
  const oneSeed = seeded(backward.seeds, 1);
  const manySeeds = seeded(backward.seeds, SEEDS);
  const direction = seeded(forward.directions, 1);
  const times = await timeInTurn(
    {
      bare: () => bare.run(inputs),
      row: () => rows.run({ ...inputs, ...oneSeed }),
      rows: () => rows.run({ ...inputs, ...manySeeds }),
      column: () => columns.run({ ...inputs, ...direction }),
    },
    seconds,
  );
  note(
    `${THREADS} threads; bare forward ${times.bare.wall.toFixed(0)} ms, median; load ${(loadavg()[0] ?? 0).toFixed(1)}; ` +
      `from “${from.join()}” to “${to.join()}”, ${linearization.biases.length} biases`,
  );
  return [
    reportRatio('one row with its ledger / bare forward', times.row, times.bare, TARGETS.row),
    reportRatio(`${SEEDS} rows in one run / bare forward`, times.rows, times.bare, TARGETS.rows),
    reportRatio('one column / bare forward', times.column, times.bare, TARGETS.column),
    report('reading the graph and writing its twin', median(writeTimes), TARGETS.writeMilliseconds, 'ms'),
  ].every(Boolean);
}

function noise(dims: readonly number[]): Tensor {
  const data = Float32Array.from({ length: elementCount(dims) }, (_, at) => Math.sin(at * 12.9898));
  return { type: 'float32', dims, data };
}
