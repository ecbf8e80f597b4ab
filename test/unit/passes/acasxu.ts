/**
 * The ACAS Xu networks over the inputs that they are made for. Ranges and normalisation as their authors published them
 * (Katz et al. 2017; the header of the .nnet files): ρ, θ, ψ, v_own, v_int, each less its mean and divided by its range.
 */
import { readFileSync } from 'node:fs';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { NetworkSubject } from '../../../src/core/passes/pass.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { ends, randomPoints } from '../rewrite/bounds-run.js';
import { float } from '../rewrite/linear-system.js';
import { runnable } from '../engine/engines.js';

const MEANS = [19791.091, 0, 0, 650, 600];
const SPANS = [60261, 2 * Math.PI, 2 * Math.PI, 1100, 1200];
const LEAST = [0, -Math.PI, -Math.PI, 100, 0];
const MOST = [60760, Math.PI, Math.PI, 1200, 1200];

const normalised = (values: readonly number[]): number[] =>
  values.map((value, at) => (value - (MEANS[at] ?? 0)) / (SPANS[at] ?? 1));

export const ACAS_XU_BOX: NetworkSubject['box'] = {
  ranges: { input: { lower: normalised(LEAST), upper: normalised(MOST), origin: 'as published' } },
  splits: 0,
};

export function openAcasXu(path: string): ModelProto {
  return decodeOnnx(readFileSync(path));
}

/** Least and greatest values of everything that a network computes at random points of its box, by value and element. */
export async function rangesOnPoints(
  engine: Engine,
  model: ModelProto,
  points: number,
): Promise<ReadonlyMap<string, { readonly least: Float32Array; readonly most: Float32Array }>> {
  const { lower = [], upper = [] } = ACAS_XU_BOX.ranges['input'] ?? {};
  const values = createGraph(model).nodes.flatMap(({ outputs }) => outputs);
  const inner = prune(model, values);
  const batched = {
    ...inner,
    graph: { ...inner.graph, input: [makeValueInfo('input', DataType.FLOAT, ['n', 1, 1, 5])] },
  };
  const session = await engine.open(runnable(batched as ModelProto), { threads: 1 });
  const ranges = new Map<string, { least: Float32Array; most: Float32Array }>();
  try {
    for (let done = 0; done < points; done += POINTS_AT_ONCE) {
      const rows = randomPoints(ends(lower, upper), POINTS_AT_ONCE, done + 1);
      const outputs = await session.run({ input: float([POINTS_AT_ONCE, 1, 1, 5], rows.flat()) });
      for (const value of values) {
        const data = outputs[value]?.data as Float32Array;
        const count = data.length / POINTS_AT_ONCE;
        const range = ranges.get(value) ?? {
          least: new Float32Array(count).fill(Infinity),
          most: new Float32Array(count).fill(-Infinity),
        };
        ranges.set(value, range);
        data.forEach((number, at) => {
          const element = at % count;
          range.least[element] = Math.min(range.least[element] ?? NaN, number);
          range.most[element] = Math.max(range.most[element] ?? NaN, number);
        });
      }
    }
  } finally {
    await session.release();
  }
  return ranges;
}

const POINTS_AT_ONCE = 10_000;
