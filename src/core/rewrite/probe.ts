import type { Batch, Dataset } from '../dataset/dataset.js';
import type { Engine } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import { problem, ProblemError, throwIfCancelled } from '../errors.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { Graph } from '../graph/graph.js';
import type { ActivationLayer, ObservedLayer } from '../graph/layers.js';
import { recurrentBatchAxis, unitAxes } from '../graph/unit-axes.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import { findExampleAxis, type ExampleAxis, type ExampleAxisFailure, type SeenShapes } from './example-axis.js';
import { graphWriter } from './graph-writer.js';
import { prune } from './prune.js';

export interface ProbeRequest {
  readonly engine: Engine;
  readonly threads: number;
  readonly graph: Graph;
  /** Encodes a rewritten graph for the engine, weights by reference. */
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  /** Values whose axes are wanted. */
  readonly layers: readonly ActivationLayer[];
  readonly dataset: Pick<Dataset, 'size' | 'maximumBatch' | 'batch' | 'description'>;
  readonly signal?: AbortSignal;
}

export interface UnobservableLayer {
  readonly layer: ActivationLayer;
  /** One sentence. */
  readonly reason: string;
}

export interface Probe {
  readonly layers: readonly ObservedLayer[];
  readonly unobservable: readonly UnobservableLayer[];
  /** Largest batch that the graph and the dataset take; Infinity where nothing limits it. */
  readonly maximumBatch: number;
  /** Why inputs run one at a time although the dataset would give more. */
  readonly whyOneAtATime?: string;
  /** Shape of each layer's value on the first example, as the engine gave it. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

type Shapes = ReadonlyMap<string, readonly number[]>;

/** Undecodable inputs that are passed over in search of one that can be read. */
const MAXIMUM_ATTEMPTS = 64;

/**
 * Learns the shapes of values by running them: on one example, on another, and on both together. The axis that grows
 * with the number of examples is the example axis; sizes that differ between examples are open.
 * @throws ProblemError when the first example does not run; CancelledError.
 */
export async function probeLayers(request: ProbeRequest): Promise<Probe> {
  const { engine, threads, graph, toRunnable, layers, dataset, signal } = request;
  if (layers.length === 0) {
    return { layers: [], unobservable: [], maximumBatch: dataset.maximumBatch, shapes: new Map() };
  }
  const shapeModel = exposeShapes(graph.model, layers);
  const session = await engine.open(toRunnable(shapeModel.model), { threads });
  try {
    const measure = async ({ feeds }: Batch): Promise<Shapes> => {
      throwIfCancelled(signal);
      return shapeModel.read(await session.run(usedFeeds(session, feeds)));
    };
    const first = await readableBatch(dataset, 0, 1);
    if (first === undefined) {
      throw problem('invalid-inputs', 'None of the inputs could be read.', {
        place: dataset.description,
        remedy: 'Choose other inputs with “Choose Inputs…”.',
      });
    }
    const one = await measure(first.batch);
    const second = await readableBatch(dataset, first.end, 1);
    const other = second && (await unlessProblem(measure(second.batch)));
    const together = await runTogether(dataset, first.end - 1, measure);
    const seenShapes = { one, other, ...together };
    return conclude(request, seenShapes);
  } finally {
    await session.release();
  }
}

interface Together {
  readonly two?: Shapes;
  readonly fixedRows?: number;
  readonly whyOneAtATime?: string;
}

/** Runs two examples in one forward, where the dataset can give them. */
async function runTogether(
  dataset: ProbeRequest['dataset'],
  start: number,
  measure: (batch: Batch) => Promise<Shapes>,
): Promise<Together> {
  const { maximumBatch } = dataset;
  if (maximumBatch < 2) return {};
  if (Number.isFinite(maximumBatch)) return { fixedRows: maximumBatch };
  const pair = await readableBatch(dataset, start, 2);
  if (pair === undefined) return { whyOneAtATime: 'There is only one input.' };
  const two = await unlessProblem(measure(pair.batch));
  return two === undefined ? { whyOneAtATime: 'Two inputs did not go through the model together.' } : { two };
}

/** Undefined where the engine or the dataset reports a problem; cancellations and defects go on. */
async function unlessProblem<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

function conclude(
  { graph, layers, dataset }: ProbeRequest,
  seen: Together & { readonly one: Shapes; readonly other: Shapes | undefined },
): Probe {
  const { one, other, two, fixedRows } = seen;
  const found = (together: Pick<SeenShapes, 'fixedRows'> & { readonly two?: Shapes }) =>
    layers.map((layer) => describe(graph, layer, one, other, together.two, together.fixedRows));
  const batched = found({ two, fixedRows });
  // An activation that does not grow with the batch is fit for one example per run: its size follows the contents of
  // the inputs, or the graph has a batch of one written into it.
  const tangled = batched.some(
    (each, index) => (each === 'irregular' || each === 'shared') && layers[index]?.family !== 'value',
  );
  const results = tangled ? found({}) : batched;
  const alone = tangled || (two === undefined && fixedRows === undefined);
  const whyOneAtATime = tangled ? 'Inner values do not keep two inputs apart.' : seen.whyOneAtATime;
  return {
    layers: results.filter((each) => typeof each !== 'string'),
    unobservable: layers.flatMap((layer, index) => {
      const result = results[index];
      return typeof result === 'string' ? [{ layer, reason: REASONS[result] }] : [];
    }),
    maximumBatch: alone ? 1 : dataset.maximumBatch,
    ...(alone && whyOneAtATime !== undefined ? { whyOneAtATime } : {}),
    shapes: one,
  };
}

type Failure = ExampleAxisFailure | 'not-run' | 'empty' | 'open-units';

const REASONS: Readonly<Record<Failure, string>> = {
  shared: 'It is the same for all inputs of a batch.',
  irregular: 'Its size follows the contents of the inputs.',
  'rank-changes': 'The number of its axes changes from input to input.',
  'not-run': 'The engine did not give its shape.',
  empty: 'It is empty on the first input.',
  'open-units': 'The number of its units changes from input to input.',
};

function describe(
  graph: Graph,
  layer: ActivationLayer,
  one: Shapes,
  other: Shapes | undefined,
  two: Shapes | undefined,
  fixedRows: number | undefined,
): ObservedLayer | Failure {
  const dims = one.get(layer.value);
  if (dims === undefined) return 'not-run';
  if (elementCount(dims) === 0) return 'empty';
  const rank = dims.length;
  const found = findExampleAxis({
    one: dims,
    other: other?.get(layer.value),
    two: two?.get(layer.value),
    fixedRows,
    hint: recurrentBatchAxis(graph, layer.value, rank),
  });
  return typeof found === 'string' ? found : nameAxes(graph, layer, dims, found);
}

function nameAxes(
  graph: Graph,
  layer: ActivationLayer,
  dims: readonly number[],
  found: ExampleAxis,
): ObservedLayer | Failure {
  const { exampleAxis, foldedPositions, shape } = found;
  const axes = dims.map((_, axis) => axis).filter((axis) => axis !== exampleAxis);
  const sizes = new Map(axes.map((axis, place) => [axis, shape[place] ?? -1]));
  const units = unitAxes(graph, layer.value, dims.length).filter((axis) => axis !== exampleAxis);
  if (units.some((axis) => (sizes.get(axis) ?? -1) < 0)) return 'open-units';
  const positionAxes = axes.filter((axis) => !units.includes(axis));
  return {
    ...layer,
    ...found,
    unitAxes: units,
    positionAxes,
    units: elementCount(units.map((axis) => sizes.get(axis) ?? 1)),
    ...axisWords(layer, dims.length, units, positionAxes.length + (foldedPositions === undefined ? 0 : 1)),
  };
}

/** What units and positions are called. */
function axisWords(
  layer: ActivationLayer,
  rank: number,
  units: readonly number[],
  positionAxisCount: number,
): Pick<ObservedLayer, 'unitWord' | 'positionWord'> {
  const recurrent = layer.family === 'recurrent';
  const inFront = units.length === 1 && units[0] === 1 && rank >= 3;
  const heads = layer.family === 'distribution' && inFront;
  const channels = inFront || positionAxisCount >= 2;
  const unitWord = recurrent ? 'hidden units' : heads ? 'heads' : channels ? 'channels' : 'neurons';
  if (positionAxisCount === 0) return { unitWord };
  return { unitWord, positionWord: recurrent ? 'time steps' : channels ? 'positions' : 'tokens' };
}

/** The model with one small output per layer: the shape of its value. */
function exposeShapes(
  model: ModelProto,
  layers: readonly ActivationLayer[],
): { readonly model: ModelProto; readonly read: (outputs: NamedTensors) => Shapes } {
  const writer = graphWriter(model);
  const outputs = new Map(layers.map(({ value }) => [value, writer.node('Shape', [value])]));
  return {
    model: prune(writer.extend(model), [...outputs.values()]),
    read: (tensors) => {
      const shapes = new Map<string, readonly number[]>();
      for (const [value, output] of outputs) {
        const data = tensors[output]?.data;
        if (data instanceof BigInt64Array) shapes.set(value, [...data].map(Number));
      }
      return shapes;
    },
  };
}

/** The first `count` neighbouring examples from `start` on that can all be read. */
async function readableBatch(
  dataset: ProbeRequest['dataset'],
  start: number,
  count: number,
): Promise<{ readonly batch: Batch; readonly end: number } | undefined> {
  const last = Math.min(dataset.size - count, start + MAXIMUM_ATTEMPTS);
  for (let at = start; at <= last; at++) {
    const batch = await dataset.batch(at, at + count);
    if (batch.indices.length === count) return { batch, end: at + count };
  }
  return undefined;
}
