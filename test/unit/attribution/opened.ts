import type { AttributionSubject } from '../../../src/core/attribution/subject.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { prepareForLinearize, shapesOfRun } from '../../../src/core/rewrite/linearize/prepare.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { runnable } from '../engine/engines.js';
import { runModel } from '../rewrite/linear-system.js';

/** A small model at an input, with all its values at hand. */
export async function subjectOf(
  engine: Engine,
  model: ModelProto,
  feeds: NamedTensors,
  from = 'x',
  to = 'y',
): Promise<AttributionSubject> {
  const graph = createGraph(prepareForLinearize(model).model);
  const made = graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
  const values = { ...feeds, ...(await runModel(engine, prune(graph.model, made), feeds)) };
  return {
    graph,
    shapes: shapesOfRun(values),
    feeds,
    from,
    to,
    runner: { engine, threads: 1, toRunnable: (each) => runnable(each) },
  };
}
