/**
 * The ACAS Xu networks over the inputs that they are made for. Ranges and normalisation as their authors published them
 * (Katz et al. 2017; the header of the .nnet files): ρ, θ, ψ, v_own, v_int, each less its mean and divided by its range.
 */
import { readFileSync } from 'node:fs';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { NetworkSubject } from '../../../src/core/passes/pass.js';
import type { PassResult, UnitMetric } from '../../../src/core/passes/result.js';
import { graphWriter } from '../../../src/core/rewrite/graph-writer.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { ends, randomPoints } from '../rewrite/bounds-run.js';
import { float, numbers } from '../rewrite/linear-system.js';
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
): Promise<ReadonlyMap<string, Seen>> {
  const { lower = [], upper = [] } = ACAS_XU_BOX.ranges['input'] ?? {};
  const writer = graphWriter(model);
  const values = createGraph(model).nodes.flatMap(({ outputs }) => outputs);
  // The engine looks for the extremes: only they leave it.
  const names = values.map((value) => ({
    value,
    least: writer.reduce('ReduceMin', value, [0]),
    most: writer.reduce('ReduceMax', value, [0]),
  }));
  const reduced = prune(
    writer.extend(model),
    names.flatMap(({ least, most }) => [least, most]),
  );
  const input = [makeValueInfo('input', DataType.FLOAT, ['n', 1, 1, 5])];
  const batched = { ...reduced, graph: { ...reduced.graph, input } } as ModelProto;
  const session = await engine.open(runnable(batched), { threads: 1 });
  const seen = new Map<string, Seen>();
  try {
    for (let done = 0; done < points; done += POINTS_AT_ONCE) {
      const rows = randomPoints(ends(lower, upper), POINTS_AT_ONCE, done + 1);
      const outputs = await session.run({ input: float([POINTS_AT_ONCE, 1, 1, 5], rows.flat()) });
      for (const { value, least, most } of names) {
        const [low, high] = [numbers(outputs[least]), numbers(outputs[most])];
        const before = seen.get(value);
        seen.set(value, {
          least: low.map((each, at) => Math.min(each, before?.least[at] ?? Infinity)),
          most: high.map((each, at) => Math.max(each, before?.most[at] ?? -Infinity)),
        });
      }
    }
  } finally {
    await session.release();
  }
  return seen;
}

export interface Seen {
  readonly least: readonly number[];
  readonly most: readonly number[];
}

const POINTS_AT_ONCE = 10_000;

function metric({ unitMetrics }: PassResult, id: string): UnitMetric['values'] {
  return unitMetrics.find((each) => each.id === id)?.values ?? {};
}

/** Units of which less is known where the box is cut than of the whole: nowhere may it be less. */
export function lostByCutting(whole: PassResult, cut: PassResult): string[] {
  const [upper, lower, verdict] = ['certified-upper', 'certified-lower', 'certificate'].map((id) => ({
    whole: metric(whole, id),
    cut: metric(cut, id),
  }));
  return Object.entries(verdict?.whole ?? {}).flatMap(([layer, codes]) =>
    Array.from(codes).flatMap((code, unit) => {
      const of = (found: typeof upper, which: 'whole' | 'cut'): number => found?.[which][layer]?.[unit] ?? NaN;
      const keeps =
        of(upper, 'cut') <= of(upper, 'whole') &&
        of(lower, 'cut') >= of(lower, 'whole') &&
        (code === 0 || of(verdict, 'cut') === code);
      return keeps ? [] : [`${layer}[${unit}]: ${of(lower, 'cut')} to ${of(upper, 'cut')}`];
    }),
  );
}

/** What 100,000 points of the box say against the certificates of a network: nothing. */
export async function violations(engine: Engine, model: ModelProto, result: PassResult): Promise<string[]> {
  const seen = await rangesOnPoints(engine, model, 100_000);
  const [uppers = {}, lowers = {}, verdicts = {}] = ['certified-upper', 'certified-lower', 'certificate'].map((id) =>
    metric(result, id),
  );
  return Object.entries(verdicts).flatMap(([layer, codes]) => {
    const input = model.graph?.node.find(({ output }) => output.includes(layer))?.input[0] ?? '';
    const [before, after] = [seen.get(input), seen.get(layer)];
    return Array.from(codes).flatMap((code, unit) => {
      const [least, most] = [before?.least[unit] ?? NaN, before?.most[unit] ?? NaN];
      const holds =
        most <= (uppers[layer]?.[unit] ?? NaN) &&
        least >= (lowers[layer]?.[unit] ?? NaN) &&
        // Certified dead is dead on data.
        (code !== -1 || after?.most[unit] === 0) &&
        (code !== 1 || least >= 0);
      return holds ? [] : [`${layer}[${unit}]: ${least} to ${most}`];
    });
  });
}
