/** Where numbers stop being finite: of a NaN or an infinity at the end, the value in which it first came up. */
import { usedFeeds } from '../engine/used-feeds.js';
import { TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import { calculator, FLOAT_TYPES } from '../rewrite/linearize/calculator.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { graphWriter } from '../rewrite/graph-writer.js';
import { prune } from '../rewrite/prune.js';
import type { Graph } from '../graph/graph.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import { changingValues } from './changing-values.js';
import type { SystemModel } from './system-graphs.js';

export interface NotFinite {
  readonly value: string;
  readonly what: 'NaN' | 'infinite';
}

/**
 * Runs the model with a count beside every floating-point value that depends on its inputs. The first value with NaN in
 * it; where there is none, the first with infinities, of which masks have some of their own.
 */
export async function firstNotFinite(
  graph: Graph,
  shapes: KnownShapes,
  { engine, threads, toRunnable }: SystemModel,
  feeds: NamedTensors,
): Promise<NotFinite | undefined> {
  const writer = graphWriter(graph.model);
  const counts = new Map<string, { readonly nan: string; readonly infinite: string }>();
  const count = (opType: string, value: string): string => {
    const calc = calculator(writer, DataType.FLOAT);
    const flat = calc.reshape(calc.cast(writer.node(opType, [calc.cast(value)])), [-1]);
    return calc.reduce('ReduceSum', flat, [0], false);
  };
  for (const value of changingValues(graph)) {
    const isFloat = FLOAT_TYPES[shapes.typeOf(value) ?? ''] !== undefined;
    if (!isFloat || elementCount(shapes.shapeOf(value) ?? [0]) === 0) continue;
    counts.set(value, { nan: count('IsNaN', value), infinite: count('IsInf', value) });
  }
  const wanted = [...counts.values()].flatMap(({ nan, infinite }) => [nan, infinite]);
  const session = await engine.open(toRunnable(prune(writer.extend(graph.model), wanted)), { threads });
  try {
    const outputs = await session.run(usedFeeds(session, feeds));
    const has = (name: string): boolean => Number(outputs[name]?.data[0]) > 0;
    for (const [value, { nan }] of counts) if (has(nan)) return { value, what: 'NaN' };
    for (const [value, { infinite }] of counts) if (has(infinite)) return { value, what: 'infinite' };
    return undefined;
  } finally {
    await session.release();
  }
}
