/** Removes units of hand-made networks, and runs what is left beside the original. */
import { encodeModel } from '../../../../src/core/formats/onnx/encode-model.js';
import { decodeOnnx } from '../../../../src/core/formats/onnx/decode.js';
import { toRunnable } from '../../../../src/core/formats/onnx/serialize.js';
import type { ModelProto } from '../../../../src/core/formats/onnx/onnx_pb.js';
import { safeTensorDims, tensorFromProto } from '../../../../src/core/formats/onnx/tensor-proto.js';
import { randomStream, normalStream } from '../../../../src/core/dataset/random.js';
import { createGraph } from '../../../../src/core/graph/graph.js';
import { unitAxes } from '../../../../src/core/graph/unit-axes.js';
import { inferShapes } from '../../../../src/core/rewrite/infer-shapes.js';
import { removeUnits } from '../../../../src/core/rewrite/remove-units/apply.js';
import type { Choice } from '../../../../src/core/rewrite/remove-units/choose.js';
import { editedPayloads } from '../../../../src/core/rewrite/remove-units/payloads.js';
import { planRemoval } from '../../../../src/core/rewrite/remove-units/plan.js';
import { elementCount, type NamedTensors, type Tensor } from '../../../../src/core/tensor/tensor.js';
import { ENGINES } from '../../engine/engines.js';
import { float, numbers, runModel } from '../linear-system.js';

export interface Wanted {
  readonly value: string;
  readonly unit: number;
  /** What it is for every input; left out: unknown. */
  readonly constant?: number;
}

export interface Removal {
  readonly pruned: ModelProto;
  readonly choice: Choice;
  /** Dimensions of the weights that are left, by name. */
  readonly dims: Readonly<Record<string, readonly number[]>>;
}

const nowhere = (): Promise<never> => Promise.reject(new Error('All weights are in the model.'));

/** @param unread by "node output": which of the units that it reads have no weights. */
export async function removing(
  model: ModelProto,
  wanted: readonly Wanted[],
  unread: Readonly<Record<string, readonly number[]>> = {},
): Promise<Removal> {
  const graph = createGraph(model);
  const engine = await (ENGINES[0] as (typeof ENGINES)[number]).load();
  const inferred = await inferShapes({
    graph,
    engine,
    toRunnable: (part) => toRunnable(part, '/'),
  });
  const sizes = Object.fromEntries(inferred.dimensions.map((name) => [name, 1]));
  const shapes = await inferred.at(sizes);
  const values = new Set(wanted.map(({ value }) => value));
  const axes = new Map(
    [...values].map((value) => [value, unitAxes(graph, value, shapes.shapeOf(value)?.length ?? 0)[0] ?? 0]),
  );
  const read = async (value: string) => {
    const { dims, data } = tensorFromProto(graph.initializer(value) as Parameters<typeof tensorFromProto>[0]);
    return { dims, data: Array.from(data as Iterable<number>, Number) };
  };
  const { coupling, choice } = await planRemoval({
    graph,
    shapes,
    axes,
    candidates: wanted,
    known: wanted.flatMap(({ constant, ...place }) => (constant === undefined ? [] : [{ ...place, constant }])),
    read,
    unread: async ({ node, axis, position }) => {
      const columns = unread[node.outputs[0] ?? ''];
      const size = safeTensorDims(graph.initializer(node.inputs[position] ?? '') as never)?.[axis] ?? 0;
      return columns && Uint8Array.from({ length: size }, (_, at) => (columns.includes(at) ? 1 : 0));
    },
  });
  const { model: rewritten, edited } = await removeUnits(
    graph,
    coupling,
    choice,
    (value) => shapes.shapeOf(value),
    read,
  );
  const parts: Uint8Array[] = [];
  const { main } = encodeModel(rewritten, { payloads: editedPayloads(edited, nowhere), open: nowhere });
  for await (const part of main.parts()) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (bytes.length !== main.bytes) throw new Error(`${bytes.length} bytes were written, not ${main.bytes}.`);
  const pruned = decodeOnnx(bytes);
  const left = (pruned.graph?.initializer ?? []).map((tensor) => [tensor.name, safeTensorDims(tensor) ?? []] as const);
  return { pruned, choice, dims: Object.fromEntries(left) };
}

/** Random inputs of the given shapes. */
export function randomFeeds(shapes: Readonly<Record<string, readonly number[]>>, seed = 1): NamedTensors {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, dims]): [string, Tensor] => {
      const next = normalStream(randomStream(seed, name, 0));
      return [name, float(dims, Array.from({ length: elementCount(dims) }, next))];
    }),
  );
}

/** Largest difference between two models on the same inputs, relative to the largest number, in both engines. */
export async function difference(a: ModelProto, b: ModelProto, feeds: NamedTensors): Promise<number> {
  let most = 0;
  for (const { load } of ENGINES) {
    const engine = await load();
    const [before, after] = [await runModel(engine, a, feeds), await runModel(engine, b, feeds)];
    for (const [name, tensor] of Object.entries(before)) {
      const [want, got] = [numbers(tensor), numbers(after[name])];
      if (want.length !== got.length || after[name]?.dims.join() !== tensor.dims.join()) return Infinity;
      const scale = want.reduce((largest, each) => Math.max(largest, Math.abs(each)), 1e-3);
      want.forEach(
        (each, at) =>
          (most = Math.max(most, Math.abs(each - (got[at] ?? NaN)) / scale || (each === got[at] ? 0 : Infinity))),
      );
    }
  }
  return most;
}
