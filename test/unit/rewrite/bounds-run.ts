/** Bounds of a model over a box, for tests. */
import type { Engine } from '../../../src/core/engine/engine.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { inSingle, type Box, type Ends } from '../../../src/core/rewrite/linearize/bounds/box.js';
import {
  CROWN_BUDGET,
  openBounds,
  type BoxBounds,
  type Rows,
} from '../../../src/core/rewrite/linearize/bounds/run-bounds.js';
import { boundsOf, type Bounds } from '../../../src/core/rewrite/linearize/bounds/write-bounds.js';
import { prepareForLinearize, shapesOfRun } from '../../../src/core/rewrite/linearize/prepare.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { elementCount, type NamedTensors, type Tensor } from '../../../src/core/tensor/tensor.js';
import { runnable } from '../engine/engines.js';
import { numbers, runModel } from './linear-system.js';

export function ends(lower: readonly number[], upper: readonly number[]): Ends {
  return { lower: Float64Array.from(lower), upper: Float64Array.from(upper) };
}

/** Everything that a model computes, by value, at each of several inputs. */
export async function valuesAt(
  engine: Engine,
  model: ModelProto,
  inputs: readonly NamedTensors[],
): Promise<readonly NamedTensors[]> {
  const prepared = prepareForLinearize(model);
  const made = prepared.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
  const session = await engine.open(runnable(prune(prepared.model, [...new Set(made)])), { threads: 1 });
  try {
    const values: NamedTensors[] = [];
    for (const feeds of inputs) values.push({ ...feeds, ...(await session.run(feeds)) });
    return values;
  } finally {
    await session.release();
  }
}

export interface Bounded extends BoxBounds {
  readonly bounds: Bounds;
}

export async function boundModel(
  engine: Engine,
  model: ModelProto,
  feeds: NamedTensors,
  box: Box,
  options: { readonly to?: readonly string[]; readonly crownBudget?: number; readonly rows?: Rows } = {},
): Promise<Bounded> {
  const graph = createGraph(prepareForLinearize(model).model);
  const shapes = shapesOfRun((await valuesAt(engine, model, [feeds]))[0] ?? {});
  const to = options.to ?? graph.outputs.map(({ name }) => name);
  const bounds = boundsOf({ graph, shapes, from: [...box.keys()], to });
  const run = await openBounds(bounds, {
    engine,
    toRunnable: (each) => runnable(each),
    feeds,
    crownBudget: options.crownBudget ?? CROWN_BUDGET,
    threads: 1,
  });
  try {
    return { bounds, ...(await run.bound(box, options.rows ?? new Map(), new AbortController().signal)) };
  } finally {
    await run.release();
  }
}

/**
 * CROWN's own bounds of some units of a value, intersected with nothing; every relaxation rests on intervals. Only the rows of
 * these units are taken back, however large the value is.
 */
export async function crownAlone(
  engine: Engine,
  model: ModelProto,
  feeds: NamedTensors,
  box: Box,
  units: ReadonlyMap<string, readonly number[]>,
): Promise<ReadonlyMap<string, Ends>> {
  const graph = createGraph(prepareForLinearize(model).model);
  const shapes = shapesOfRun((await valuesAt(engine, model, [feeds]))[0] ?? {});
  const bounds = boundsOf({ graph, shapes, from: [...box.keys()], to: [...units.keys()] });
  const found = new Map<string, Ends>();
  for (const [target, some] of units) {
    const { model: written, given, crown } = bounds.write([target], [], 'crown');
    if (crown === undefined) throw new Error('No graph of CROWN was written.');
    const boxes = [...given].flatMap(([value, { lower, upper }]): [string, Tensor][] => {
      const { lower: low, upper: high } = inSingle(box.get(value) ?? ends([], []));
      const dims = [1, ...bounds.shape(value)];
      return [
        [lower, { type: 'float32', dims, data: low }],
        [upper, { type: 'float32', dims, data: high }],
      ];
    });
    const rows = { [crown.rows]: unitRows(bounds.shape(target), some) };
    const outputs = await runModel(engine, written, { ...feeds, ...Object.fromEntries(boxes), ...rows });
    const uppers = numbers(outputs[crown.bound]);
    found.set(
      target,
      ends(
        uppers.slice(some.length).map((upper) => -upper),
        uppers.slice(0, some.length),
      ),
    );
  }
  return found;
}

/** Units themselves, and then the negative of each. */
function unitRows(shape: readonly number[], units: readonly number[]): Tensor {
  const count = elementCount(shape);
  const data = new Float32Array(2 * units.length * count);
  for (const [at, unit] of units.entries()) {
    data[at * count + unit] = 1;
    data[(units.length + at) * count + unit] = -1;
  }
  return { type: 'float32', dims: [2 * units.length, ...shape], data };
}

/** Seeded points of a box, its corners among them. */
export function randomPoints({ lower, upper }: Ends, count: number, seed = 5): number[][] {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, (_, point) =>
    Array.from(lower, (low, at) => {
      const share = point % 3 === 0 ? Math.round(random()) : random();
      const value = Math.fround(low + share * ((upper[at] ?? 0) - low));
      return Math.min(Math.max(value, low), upper[at] ?? value);
    }),
  );
}
