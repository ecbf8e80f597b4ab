import type { Engine } from '../core/engine/engine.js';
import { asProblem, type Problem } from '../core/errors.js';
import { prune } from '../core/rewrite/prune.js';
import type { Network } from './open-model.js';

/** Models up to this size are tried at once; larger ones say it when they first run, since trying reads their weights. */
const TRY_BYTES = 64 * 2 ** 20;

/** Whether the engine takes the graph as it is: an operator or operator set that it lacks is known before a run. */
export async function engineProblems(
  { onnx, graph, toRunnable }: Network,
  engine: Engine,
  threads: number,
): Promise<Problem[]> {
  if (onnx.fileBytes + onnx.externalBytes > TRY_BYTES || onnx.problems.length > 0) return [];
  try {
    const outputs = graph.outputs.map(({ name }) => name);
    const session = await engine.open(toRunnable(prune(onnx.proto, outputs)), { threads });
    await session.release();
    return [];
  } catch (error) {
    return [asProblem(error)];
  }
}
