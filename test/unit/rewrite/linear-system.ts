import { createGraph, type Graph, type GraphNode } from '../../../src/core/graph/graph.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { linearize, type Linearization, type LinearGraph } from '../../../src/core/rewrite/linearize/linearize.js';
import { prepareForLinearize, shapesOfRun } from '../../../src/core/rewrite/linearize/prepare.js';
import type { Reading } from '../../../src/core/rewrite/linearize/rule.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { elementCount, type NamedTensors, type Tensor } from '../../../src/core/tensor/tensor.js';
import { runnable } from '../engine/engines.js';

export function float(dims: readonly number[], values: readonly number[]): Tensor {
  return { type: 'float32', dims, data: Float32Array.from(values) };
}

export function numbers(tensor: Tensor | undefined): number[] {
  return Array.from((tensor?.data ?? []) as Iterable<number | bigint>, Number);
}

export async function runModel(engine: Engine, model: ModelProto, feeds: NamedTensors): Promise<NamedTensors> {
  const session = await engine.open(runnable(model), { threads: 1 });
  try {
    const read = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
    return await session.run(Object.fromEntries(read));
  } finally {
    await session.release();
  }
}

/** A linear system in full, for small cuts. */
export interface System {
  readonly graph: Graph;
  readonly linearization: Linearization;
  readonly written: LinearGraph;
  /** f(x₀), and the same by the system with its biases. */
  readonly value: readonly number[];
  readonly affine: readonly number[];
  /** A by rows (through the transpose) and the same matrix by columns (through the forward graph). */
  readonly rows: readonly (readonly number[])[];
  readonly columns: readonly (readonly number[])[];
  /** What each bias adds to each output: [outputs][biases]. */
  readonly ledger: readonly (readonly number[])[];
}

/** All rows and columns between two values, each from one run with as many seeds. */
export async function systemOf(
  engine: Engine,
  model: ModelProto,
  feeds: NamedTensors,
  cut: { readonly from: string; readonly to: string },
  reading: Reading | ((node: GraphNode) => Reading) = 'frozen',
): Promise<System> {
  const prepared = prepareForLinearize(model);
  const made = prepared.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
  const names = [...prepared.inputs.map(({ name }) => name), ...made];
  const values = { ...feeds, ...(await runModel(engine, prune(prepared.model, names), feeds)) };
  const graph = createGraph(prepared.model);
  const { from, to } = cut;
  const linearization = linearize({ graph, shapes: shapesOfRun(values), from: [from], to: [to], reading });
  const written = linearization.write(['affine', 'forward', 'transpose']);
  const [start, end] = [values[from], values[to]];
  const [width, height] = [elementCount(start?.dims ?? []), elementCount(end?.dims ?? [])];
  const direction = written.directions.get(from) ?? '';
  const seed = written.seeds.get(to) ?? '';
  const run = (v: Tensor, u: Tensor): Promise<NamedTensors> =>
    runModel(engine, written.model, { ...feeds, [direction]: v, [seed]: u });
  const u = float([height, ...(end?.dims ?? [])], units(height));
  const atInput = await run(float([1, ...(start?.dims ?? [])], numbers(start)), u);
  const forward = await run(float([width, ...(start?.dims ?? [])], units(width)), u);
  const biases = linearization.biases.length;
  return {
    graph,
    linearization,
    written,
    value: numbers(end),
    affine: numbers(atInput[written.affine.get(to) ?? '']),
    rows: chunks(numbers(atInput[written.transpose.get(from) ?? '']), width),
    columns: chunks(numbers(forward[written.forward.get(to) ?? '']), height),
    ledger:
      written.ledger === undefined
        ? Array.from({ length: height }, () => [])
        : chunks(numbers(atInput[written.ledger]), biases),
  };
}

function units(count: number): number[] {
  return Array.from({ length: count * count }, (_, at) => (at % (count + 1) === 0 ? 1 : 0));
}

function chunks(values: readonly number[], length: number): number[][] {
  return Array.from({ length: values.length / length }, (_, row) => values.slice(row * length, (row + 1) * length));
}

export function transposeOf(matrix: readonly (readonly number[])[]): number[][] {
  return (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] ?? NaN));
}
