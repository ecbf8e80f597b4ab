/** Certificates against what a network computes at points of its box: random ones, and data that lie in it. */
import type { Engine } from '../../../src/core/engine/engine.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { unitAxes } from '../../../src/core/graph/unit-axes.js';
import { boxOf } from '../../../src/core/passes/certificates/box.js';
import { unitIndices } from '../../../src/core/passes/certificates/verdicts.js';
import type { NetworkSubject } from '../../../src/core/passes/pass.js';
import type { PassResult, UnitMetric } from '../../../src/core/passes/result.js';
import { graphWriter } from '../../../src/core/rewrite/graph-writer.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { runnable } from '../engine/engines.js';
import { randomPoints } from '../rewrite/bounds-run.js';
import { numbers } from '../rewrite/linear-system.js';

export interface BoxedModel {
  readonly model: ModelProto;
  /** The one input, and its sizes without the batch. */
  readonly input: string;
  readonly example: readonly number[];
  readonly box: NetworkSubject['box'];
}

/** What was seen of each unit of a value: over all points, and all positions. */
interface Seen {
  readonly least: number[];
  readonly most: number[];
}

/** Numbers in one batch, at most. */
const BATCH = 2_000_000;

/** @param count of random points, a third of them corners. */
export function* pointsOf({ input, example, box }: BoxedModel, count: number): Generator<Float32Array> {
  const ends = boxOf([input], box.ranges, () => [1, ...example]).get(input);
  if (ends === undefined) throw new Error(`${input} has no range.`);
  const size = ends.lower.length;
  for (let done = 0; done < count;) {
    const many = Math.min(count - done, Math.max(1, Math.min(10_000, Math.floor(BATCH / size))));
    const batch = new Float32Array(many * size);
    randomPoints(ends, many, done + 1).forEach((point, at) => {
      batch.set(point, at * size);
    });
    yield batch;
    done += many;
  }
}

/** What the points say against the certificates: nothing. @param batches of points, one after the other. */
export async function violations(
  engine: Engine,
  boxed: BoxedModel,
  result: PassResult,
  batches: Iterable<Float32Array>,
): Promise<string[]> {
  const graph = createGraph(boxed.model);
  const metric = (id: string): UnitMetric['values'] => result.unitMetrics.find((each) => each.id === id)?.values ?? {};
  const [uppers, lowers, verdicts] = [metric('certified-upper'), metric('certified-lower'), metric('certificate')];
  const layers = Object.keys(verdicts).map((value) => ({
    value,
    before: graph.producerOf(value)?.inputs[0] ?? '',
    opType: graph.producerOf(value)?.opType ?? '',
  }));
  if (layers.length === 0) throw new Error('Nothing was certified.');
  const seen = await rangesOn(
    engine,
    boxed,
    layers.flatMap(({ value, before }) => [value, before]),
    batches,
  );
  return layers.flatMap(({ value, before, opType }) =>
    Array.from(verdicts[value] ?? []).flatMap((code, unit) => {
      const [least, most] = at(seen.get(before), unit);
      const [lowest, highest] = at(seen.get(value), unit);
      const holds =
        most <= (uppers[value]?.[unit] ?? NaN) &&
        least >= (lowers[value]?.[unit] ?? NaN) &&
        // Certified dead is dead on data.
        (code !== -1 || (lowest === 0 && highest === 0)) &&
        (code !== -0.5 || highest - lowest <= SATURATED) &&
        (code !== 1 || opType !== 'Relu' || least >= 0);
      return holds ? [] : [`${value}[${unit}], ${code}: ${least} to ${most}, then ${lowest} to ${highest}`];
    }),
  );
}

/** Between 0.99 and 1, or 0 and 0.01. */
const SATURATED = 0.01;

function at(seen: Seen | undefined, unit: number): readonly [number, number] {
  return [seen?.least[unit] ?? NaN, seen?.most[unit] ?? NaN];
}

/** The engine looks for the extremes over a batch: only they leave it. */
async function rangesOn(
  engine: Engine,
  { model, input, example }: BoxedModel,
  values: readonly string[],
  batches: Iterable<Float32Array>,
): Promise<ReadonlyMap<string, Seen>> {
  const graph = createGraph(model);
  const writer = graphWriter(model);
  const names = [...new Set(values)].map((value) => ({
    value,
    least: writer.reduce('ReduceMin', value, [0]),
    most: writer.reduce('ReduceMax', value, [0]),
  }));
  const reduced = prune(
    writer.extend(model),
    names.flatMap(({ least, most }) => [least, most]),
  );
  const given = [makeValueInfo(input, DataType.FLOAT, ['n', ...example])];
  const batched = { ...reduced, graph: { ...reduced.graph, input: given } } as ModelProto;
  const session = await engine.open(runnable(batched), { threads: 0 });
  const seen = new Map<string, Seen>();
  const size = example.reduce((product, each) => product * each, 1);
  try {
    for (const data of batches) {
      const dims = [data.length / size, ...example];
      const outputs = await session.run({ [input]: { type: 'float32', dims, data } });
      for (const { value, least, most } of names) {
        const [low, high] = [numbers(outputs[least]), numbers(outputs[most])];
        const shape = [1, ...(outputs[least]?.dims ?? [])];
        const ranges = seen.get(value) ?? { least: [], most: [] };
        for (const [site, unit] of unitIndices(shape, unitAxes(graph, value, shape.length)).entries()) {
          ranges.least[unit] = Math.min(ranges.least[unit] ?? Infinity, low[site] ?? NaN);
          ranges.most[unit] = Math.max(ranges.most[unit] ?? -Infinity, high[site] ?? NaN);
        }
        seen.set(value, ranges);
      }
    }
  } finally {
    await session.release();
  }
  return seen;
}
