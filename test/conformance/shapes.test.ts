/**
 * Wherever shape inference claims to know a type or a size, a run of the model agrees: over every real model and every
 * case of the ONNX suite that the engine runs, for every value of the main graph and of the bodies in it.
 */
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/core/engine/engine.js';
import { asProblem } from '../../src/core/errors.js';
import { openOnnx } from '../../src/core/formats/onnx/open.js';
import { toRunnable } from '../../src/core/formats/onnx/serialize.js';
import { createGraph, type Graph } from '../../src/core/graph/graph.js';
import type { ValueType } from '../../src/core/graph/value-type.js';
import { inferShapes, type InferredShapes } from '../../src/core/rewrite/infer-shapes.js';
import type { NamedTensors } from '../../src/core/tensor/tensor.js';
import { openFileSource } from '../../src/node/file-source.js';
import { siblingFiles } from '../../src/node/sibling-files.js';
import { ENGINES } from '../unit/engine/engines.js';
import { sharedData } from '../unit/shared-data.js';
import { casesToRun, collection, engineFailure, IS_USUAL_FOLDER, randomFeeds, testData } from './cases.js';
import { isLeftOut, OPEN_SIZES, UNOBSERVABLE } from './exceptions.js';
import {
  bodySteps,
  observed,
  observedInBody,
  observedModel,
  type BodyValues,
  type ObservedValues,
} from './observed-shapes.js';

interface Counts {
  /** Values that nodes make, in the main graphs and their bodies. */
  values: number;
  /** Those of which the whole shape is claimed, in numbers and names. */
  whole: number;
  /** Claims of any part that a run was compared with. */
  compared: number;
  inBodies: number;
}

/** Element types whose values JavaScript can hold. */
const PLAIN = /^(float(16|32|64)|u?int(8|16|32|64)|bool|string)$/;

async function checkModel(
  engine: Engine,
  name: string,
  path: string,
  feedsOf: (graph: Graph) => NamedTensors,
  counts: Counts,
): Promise<string[]> {
  const source = await openFileSource(path);
  const file = await openOnnx(source, siblingFiles(dirname(path)));
  await source.close();
  const graph = createGraph(file.proto);
  const runnable = (model: typeof file.proto): ReturnType<typeof toRunnable> => toRunnable(model, dirname(path));
  const shapes = await inferShapes({ graph, engine, toRunnable: runnable });
  const feeds = feedsOf(graph);
  const sizes = sizesOf(graph, feeds);

  const claimed = valuesOf(graph).filter((value) => shapes.typeOf(value)?.shape !== undefined);
  const isPlain = (value: string): boolean => PLAIN.test(shapes.typeOf(value)?.type ?? '');
  const bodies: (BodyValues & { readonly shapes: InferredShapes })[] = [];
  for (const step of bodySteps(graph)) {
    const inner = await shapes.inside([step]);
    const all = valuesOf(inner.graph);
    counts.values += all.length;
    counts.whole += all.filter((value) => isWhole(inner.typeOf(value))).length;
    const values = all.filter((value) => inner.typeOf(value)?.shape !== undefined);
    bodies.push({ step, values, shapes: inner });
  }
  counts.values += valuesOf(graph).length;
  counts.whole += valuesOf(graph).filter((value) => isWhole(shapes.typeOf(value))).length;
  const outputs = await run(
    { whole: claimed.filter(isPlain), shapes: claimed.filter((value) => !isPlain(value)), bodies },
    UNOBSERVABLE[name] === undefined,
  );

  const wrong: string[] = [];
  const concrete = await shapes.at(sizes);
  for (const value of claimed) {
    const actual = observed(outputs, value);
    if (actual === undefined) continue;
    counts.compared++;
    compare(shapes, value, shapes.typeOf(value), actual);
    const exact = concrete.shapeOf(value);
    compare(shapes, `${value} at these sizes`, exact && { type: concrete.typeOf(value) ?? '', shape: exact }, actual);
  }
  for (const { step, values, shapes: inner } of bodies) {
    const insideNow = await inner.at(sizes);
    for (const value of values) {
      const place = `${value} in body ${step.body} of node ${step.node}`;
      for (const shape of observedInBody(outputs, step, value)) {
        counts.inBodies++;
        compare(inner, place, inner.typeOf(value), { shape });
        const exact = insideNow.shapeOf(value);
        compare(inner, `${place} at these sizes`, exact && { type: '', shape: exact }, { shape });
      }
    }
  }
  return wrong.map((text) => `${name}: ${text}`);

  async function run(values: ObservedValues, withBodies: boolean): Promise<NamedTensors> {
    const model = observedModel(file.proto, withBodies ? values : { ...values, bodies: [] });
    const session = await engine.open(runnable(model), { threads: 1 });
    try {
      return await session.run(feeds);
    } finally {
      await session.release();
    }
  }

  function compare(
    from: InferredShapes,
    value: string,
    claim: ValueType | undefined,
    actual: { readonly type?: string; readonly shape: readonly number[] },
  ): void {
    if (claim?.shape === undefined) return;
    const isRight =
      (actual.type === undefined || actual.type === claim.type) &&
      claim.shape.length === actual.shape.length &&
      claim.shape.every((size, axis) => size === '?' || from.sizeOf(size, sizes) === actual.shape[axis]);
    if (!isRight)
      wrong.push(`${value} is ${claim.type} [${claim.shape.join()}], ran ${actual.type} [${actual.shape.join()}]`);
  }
}

function valuesOf(graph: Graph): string[] {
  return graph.nodes.flatMap(({ outputs }) => outputs.filter((value) => value !== ''));
}

function isWhole(type: ValueType | undefined): boolean {
  return type?.shape !== undefined && !type.shape.includes('?');
}

/** Sizes of the open dimensions in one run, by the names that inference gives them. */
function sizesOf(graph: Graph, feeds: NamedTensors): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { name, shape = [] } of graph.inputs) {
    shape.forEach((size, axis) => {
      const actual = feeds[name]?.dims[axis];
      if (typeof size === 'string' && actual !== undefined) sizes[size === '?' ? `${name}[${axis}]` : size] = actual;
    });
  }
  return sizes;
}

function newCounts(): Counts {
  return { values: 0, whole: 0, compared: 0, inBodies: 0 };
}

function report(engine: string, what: string, { values, whole, compared, inBodies }: Counts): void {
  const share = ((100 * whole) / Math.max(1, values)).toFixed(1);
  console.log(
    `${engine}: ${what}: shapes of ${whole} of ${values} values (${share} %) known, ${compared} compared with a run, ` +
      `${inBodies} more in rounds of bodies`,
  );
}

const folder = sharedData('.');
const all = folder === undefined ? { models: [], cases: [] } : collection(folder);

describe.skipIf(folder === undefined).each(ENGINES)(
  'shapes inferred by $name (needs the shared data)',
  ({ name, load }) => {
    it('are those of a run in every real model', async () => {
      const engine = await load();
      const counts = newCounts();
      const wrong: string[] = [];
      const taken = all.models.filter((path) => !isLeftOut(basename(path), name));
      for (const path of taken) {
        const feeds = (graph: Graph): NamedTensors => randomFeeds(graph, OPEN_SIZES[basename(path)] ?? {});
        wrong.push(...(await checkIfRun(engine, basename(path), path, feeds, counts)));
      }
      report(name, `${taken.length} real models`, counts);
      expect(wrong).toEqual([]);
      if (!IS_USUAL_FOLDER) return;
      expect(counts.whole).toBeGreaterThan(0.95 * counts.values);
      expect(counts.compared).toBeGreaterThan(taken.length);
    });

    it('are those of a run in every case that runs', async () => {
      const engine = await load();
      const counts = newCounts();
      const wrong: string[] = [];
      const taken = casesToRun(all).filter((each) => !isLeftOut(each.name, name));
      for (const { name: shown, path } of taken) {
        const feeds = (graph: Graph): NamedTensors => testData(path, graph).feeds;
        wrong.push(...(await checkIfRun(engine, shown, path, feeds, counts)));
      }
      report(name, `${taken.length} cases`, counts);
      expect(wrong).toEqual([]);
      if (!IS_USUAL_FOLDER) return;
      expect(counts.whole).toBeGreaterThan(0.8 * counts.values);
      expect(counts.compared).toBeGreaterThan(taken.length);
    });
  },
);

/** In a collection of which nobody knows what the engine runs, what it does not run itself is no failure of inference. */
async function checkIfRun(...given: Parameters<typeof checkModel>): Promise<string[]> {
  const [engine, name, path, feedsOf] = given;
  const wrong = await checkModel(...given).catch(failure(name));
  if (wrong.length === 0 || IS_USUAL_FOLDER) return wrong;
  const own = await engineFailure(engine, path, feedsOf);
  if (own === undefined) return wrong;
  console.log(`not run by the engine itself: ${path}: ${own}`);
  return [];
}

function failure(path: string): (error: unknown) => string[] {
  return (error) => [`${path}: ${asProblem(error).message} ${asProblem(error).place ?? ''}`];
}
