/** Types and sizes of all values at one input: inferred without running where that is possible, else by a run. */
import { throwIfCancelled } from '../errors.js';
import type { Engine } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import { createGraph, type Graph } from '../graph/graph.js';
import { graphWriter } from '../rewrite/graph-writer.js';
import { inferShapes } from '../rewrite/infer-shapes.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { makeValueInfo } from '../rewrite/nodes.js';
import { prune } from '../rewrite/prune.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { dataTypeOf } from './data-types.js';

export interface ShapeRequest {
  readonly graph: Graph;
  readonly engine: Engine;
  readonly threads: number;
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  readonly feeds: NamedTensors;
  readonly signal: AbortSignal | undefined;
}

export interface ValueShapes extends KnownShapes {
  /** Whether some sizes follow from the numbers of the input: another of the same sizes may have others. */
  readonly areOfThisInput: boolean;
}

/** @throws ProblemError when the model does not run; CancelledError. */
export async function valueShapes(request: ShapeRequest): Promise<ValueShapes> {
  const { graph, engine, toRunnable, feeds, signal } = request;
  const fixed = createGraph(withSizes(graph.model, feeds));
  const inferring = { graph: fixed, engine, toRunnable, ...(signal === undefined ? {} : { signal }) };
  const inferred = await (await inferShapes(inferring)).at({}, signal);
  throwIfCancelled(signal);
  const values = graph.nodes.flatMap(({ outputs }) => outputs).filter((value) => value !== '');
  const unknown = values.filter(
    (value) => inferred.shapeOf(value) === undefined || inferred.typeOf(value) === undefined,
  );
  const seen = unknown.length === 0 ? undefined : await seenShapes(request, unknown);
  return {
    areOfThisInput: (seen?.size ?? 0) > 0,
    typeOf: (value) => feeds[value]?.type ?? seen?.get(value)?.type ?? inferred.typeOf(value),
    shapeOf: (value) => feeds[value]?.dims ?? seen?.get(value)?.shape ?? inferred.shapeOf(value),
  };
}

/** Inputs have the sizes of the run, and nothing else is taken on the file's word. */
function withSizes(model: ModelProto, feeds: NamedTensors): ModelProto {
  const { graph } = model;
  if (graph === undefined) return model;
  const input = graph.input.map((each) => {
    const feed = feeds[each.name];
    const type = feed && dataTypeOf(feed.type);
    return type === undefined ? each : makeValueInfo(each.name, type, feed?.dims);
  });
  // Types without shapes.
  const output =
    prune(
      model,
      graph.output.map(({ name }) => name),
    ).graph?.output ?? [];
  return { ...model, graph: { ...graph, input, output, valueInfo: [] } };
}

/** Of values that no inference tells: their types from opening the graph, their sizes from running it. */
async function seenShapes(
  { graph, engine, threads, toRunnable, feeds, signal }: ShapeRequest,
  values: readonly string[],
): Promise<ReadonlyMap<string, { readonly type: string; readonly shape: readonly number[] }>> {
  const typing = await engine.open(toRunnable(prune(graph.model, values)), { threads, optimization: 'none' });
  const types = new Map(typing.outputTypes.map(({ name, type }) => [name, type]));
  await typing.release();
  throwIfCancelled(signal);
  const writer = graphWriter(graph.model);
  const shapes = new Map<string, string>();
  for (const value of values) if (types.get(value) !== undefined) shapes.set(value, writer.node('Shape', [value]));
  if (shapes.size === 0) return new Map();
  const measuring = prune(writer.extend(graph.model), [...shapes.values()]);
  const session = await engine.open(toRunnable(measuring), { threads });
  try {
    const outputs = await session.run(usedFeeds(session, feeds));
    return new Map(
      [...shapes].map(([value, shape]) => [
        value,
        { type: types.get(value) ?? '', shape: Array.from((outputs[shape]?.data ?? []) as BigInt64Array, Number) },
      ]),
    );
  } finally {
    await session.release();
  }
}
