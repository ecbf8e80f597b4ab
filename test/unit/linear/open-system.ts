import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import type { SystemCut } from '../../../src/core/linear/choose-ends.js';
import { systemAt, type LinearSystem, type SystemContext } from '../../../src/core/linear/system.js';
import { openGraphs, type SystemGraphs } from '../../../src/core/linear/system-graphs.js';
import { prepareForLinearize } from '../../../src/core/rewrite/linearize/prepare.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { runnable } from '../engine/engines.js';

/** A system of a model in memory; `use` has it while its sessions are open. */
export async function withSystem<T>(
  engine: Engine,
  model: ModelProto,
  feeds: NamedTensors,
  cut: Partial<SystemCut>,
  use: (system: LinearSystem, graphs: SystemGraphs) => Promise<T>,
  context: Partial<SystemContext> = {},
): Promise<T> {
  const run = {
    prepared: prepareForLinearize(model),
    engine,
    threads: 1,
    toRunnable: (each: ModelProto) => runnable(each),
  };
  const graphs = await openGraphs(run, { reading: 'frozen', ...cut }, feeds, undefined);
  try {
    const known = {
      original: createGraph(model),
      placeOf: (node: { readonly name: string; readonly opType: string }) => node.name || node.opType,
      batch: 1,
      classes: [],
      layoutOf: () => undefined,
    };
    return await use(await systemAt(graphs, run, { ...known, ...context }, feeds), graphs);
  } finally {
    await graphs.release();
  }
}
