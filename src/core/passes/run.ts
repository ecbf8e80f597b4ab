/**
 * The one run loop: collects what all passes want to observe, builds one rewritten graph, runs the dataset through it
 * once and hands every batch to every pass. Asking for five passes costs about one forward.
 */
import { breathe } from '../breathe.js';
import type { Batch, Dataset } from '../dataset/dataset.js';
import { exampleTokens } from '../dataset/example-tokens.js';
import type { Engine } from '../engine/engine.js';
import { openProduct, type EngineProduct } from '../engine/matrix-product.js';
import { usedFeeds } from '../engine/used-feeds.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import { problem, throwIfCancelled, unlessCancelled } from '../errors.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { Graph } from '../graph/graph.js';
import type { BrokenWeights } from '../graph/scan-weights.js';
import type { ObservedLayer } from '../graph/layers.js';
import type { Observation, ObservedBatch } from '../rewrite/observation.js';
import { observe } from '../rewrite/observe.js';
import { freeTensors } from '../tensor/free-tensors.js';
import type { MatrixProduct } from '../weights/singular-values/matrix-product.js';
import { batchSize } from './batch-size.js';
import { foldChunks, type Folded } from './fold-chunks.js';
import type { Pass, RunFacts } from './pass.js';
import type { LayerSummary, PassResult, RunResult } from './result.js';
import type { UnitWeights } from './unit-weights.js';
import { count } from './words.js';

export interface Run {
  readonly graph: Graph;
  /** Encodes a rewritten graph for the engine, weights by reference. */
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  readonly engine: Engine;
  readonly threads: number;
  readonly dataset: Dataset;
  readonly layers: readonly ObservedLayer[];
  /** Largest batch that the graph takes (1 when it fixes its batch axis, or when two inputs did not go through together). */
  readonly maximumBatch: number;
  /** Inputs per forward where a recipe fixes it. */
  readonly batch?: number;
  readonly passes: readonly Pass<unknown>[];
  /** What passes watch beside the layers, by the pass's id; see watched.ts. */
  readonly watched?: ReadonlyMap<string, readonly ObservedLayer[]>;
  /** Layers that a probe run could not observe: told in the result. */
  readonly leftOut: RunResult['leftOut'];
  readonly brokenWeights: readonly BrokenWeights[];
  /** Reads the weights around the layers' units, where a pass wants to know of them; undefined where they cannot be read. */
  readonly unitWeights?: (layers: readonly ObservedLayer[]) => Promise<UnitWeights | undefined>;
  readonly signal?: AbortSignal;
  readonly onProgress: (progress: {
    phase: 'Preparing' | 'Running' | 'Finishing';
    inputsDone: number;
    secondsLeft?: number;
  }) => void;
}

/**
 * Runs passes over a dataset.
 * @returns the result over the inputs seen, which are fewer than planned when cancelled.
 * @throws CancelledError when cancelled before anything was seen; ProblemError when the model cannot run.
 */
export async function runPasses(run: Run): Promise<RunResult> {
  const { dataset, layers, passes, signal, onProgress } = run;
  const started = performance.now();
  const folded = await foldInputs(run);
  onProgress({ phase: 'Finishing', inputsDone: folded.inputsSeen });
  const product = lazyProduct(run);
  try {
    const facts: RunFacts = {
      graph: run.graph,
      layers,
      inputsSeen: folded.inputsSeen,
      onInputs: await onInputs(dataset, folded.inputsSeen),
      synthetic: dataset.synthetic,
      brokenWeights: run.brokenWeights,
      ...(await weightFacts(run)),
      multiply: product.multiply,
      ...(signal === undefined ? {} : { signal }),
    };
    const results: PassResult[] = [];
    for (const [index, pass] of passes.entries()) {
      await unlessCancelled(pass.settle?.(folded.states[index], facts));
      results.push(pass.finish(folded.states[index], facts));
      await breathe();
    }
    return {
      layers: layers.map(layerSummary),
      passes: results,
      inputsSeen: folded.inputsSeen,
      // Inputs that could not be read were never to be seen: what is missing beyond them was cancelled.
      inputsPlanned: dataset.size - dataset.skipped.length,
      skipped: [...dataset.skipped],
      leftOut: run.leftOut,
      data: dataset.description,
      synthetic: dataset.synthetic,
      engine: run.engine.version,
      seconds: (performance.now() - started) / 1000,
      finished: new Date().toISOString(),
    };
  } finally {
    await product.release();
  }
}

/** Every pass over every input. The network is closed before results are made, which read its weights another time. */
async function foldInputs(run: Run): Promise<Folded> {
  const { dataset, layers, passes, signal, onProgress } = run;
  if (dataset.size === 0) {
    throw problem('invalid-inputs', 'There is not one input to run.', {
      place: dataset.description,
      remedy: 'Choose other inputs with “Choose Inputs…”.',
    });
  }
  onProgress({ phase: 'Preparing', inputsDone: 0 });
  const { paddedLength } = dataset;
  const wanted = observations(run);
  if (wanted.length === 0) {
    // A model without outputs is none that an engine opens.
    throw problem('not-applicable', 'None of the values that were asked about are of a kind that the pass reads.', {
      place: passes.map(({ title }) => title).join(', '),
      remedy: 'Run another pass.',
    });
  }
  const observing = observe(run.graph.model, observedValues(run), wanted, {
    rows: rowsPerRun(run),
    padded: Number.isFinite(run.maximumBatch),
    ...(paddedLength === undefined ? {} : { paddedLength }),
  });
  const session = await run.engine.open(run.toRunnable(observing.model), { threads: run.threads });
  try {
    throwIfCancelled(signal);
    const running = performance.now();
    let readsTokens = passes.some((pass) => pass.readsTokens);
    const observeBatches = async function* (start: number, end: number): AsyncGenerator<ObservedBatch> {
      for await (const { feeds, indices, filled } of filledAlike(dataset, start, end)) {
        const all = { ...feeds, ...observing.feeds(filled?.[0]) };
        const fetched = await session.run(usedFeeds(session, all));
        const values = observing.read(fetched, indices.length);
        const tokens = readsTokens ? await exampleTokens(dataset, { indices, ...(filled && { filled }) }) : undefined;
        // Inputs are all of one kind: pictures are decoded for a preview once.
        readsTokens &&= tokens !== undefined;
        // A synchronous engine would otherwise never hear of a cancellation.
        await breathe();
        yield { indices, layers, get: (layer, kind) => values.get(layer, kind), ...(tokens && { tokens }) };
        freeTensors(fetched);
      }
    };
    const folded = await foldChunks(
      passes,
      (pass, first) => pass.start(layers, watchedBy(run, pass), dataset.size, first),
      dataset.size,
      batchOf(run),
      observeBatches,
      (inputsDone) => {
        const perInput = (performance.now() - running) / 1000 / inputsDone;
        onProgress({ phase: 'Running', inputsDone, secondsLeft: perInput * (dataset.size - inputsDone) });
      },
      signal,
    );
    if (folded.inputsSeen === 0) {
      throw problem('invalid-inputs', 'None of the inputs could be read.', {
        place:
          dataset.skipped[0] === undefined
            ? dataset.description
            : `${dataset.skipped[0].name}: ${dataset.skipped[0].reason}`,
        remedy: 'Choose other inputs with “Choose Inputs…”.',
      });
    }
    return folded;
  } finally {
    await session.release();
  }
}

async function weightFacts({ passes, unitWeights, layers, signal }: Run): Promise<Pick<RunFacts, 'unitWeights'>> {
  if (unitWeights === undefined || signal?.aborted || !passes.some(({ readsWeights }) => readsWeights)) return {};
  const found = await unlessCancelled(unitWeights(layers));
  return found === undefined ? {} : { unitWeights: found };
}

/** Products by the engine, opened when the first is asked for. */
function lazyProduct({ engine, threads }: Run): { readonly multiply: MatrixProduct; release(): Promise<void> } {
  let opened: Promise<EngineProduct> | undefined;
  return {
    multiply: async (left, right, size) =>
      (await (opened ??= openProduct(engine, threads))).multiply(left, right, size),
    release: async () => (await opened)?.release(),
  };
}

/** Examples [start, end) in batches whose examples hold as many tokens each: whoever leaves padding out leaves as much. */
async function* filledAlike(dataset: Dataset, start: number, end: number): AsyncGenerator<Batch> {
  const batch = await dataset.batch(start, end);
  const { indices, filled } = batch;
  if (indices.length === 0) return;
  if (filled === undefined || filled.every((count) => count === filled[0])) {
    yield batch;
    return;
  }
  for (let from = 0; from < indices.length;) {
    let to = from + 1;
    while (to < indices.length && filled[to] === filled[from]) to++;
    yield dataset.batch(indices[from] as number, (indices[to - 1] as number) + 1);
    from = to;
  }
}

/** What the passes ask for, each observation once. */
function observations(run: Run): Observation[] {
  const wanted = new Map<string, Observation>();
  for (const pass of run.passes) {
    for (const observation of pass.plan(run.layers, watchedBy(run, pass)))
      wanted.set(`${observation.kind} ${observation.layer}`, observation);
  }
  // An engine takes no graph without outputs: where nobody asks for anything, one layer is counted.
  const [layer] = observedValues(run);
  return wanted.size > 0 || layer === undefined ? [...wanted.values()] : [{ layer: layer.value, kind: 'zero-count' }];
}

function watchedBy({ watched }: Run, { id }: Pass<unknown>): readonly ObservedLayer[] {
  return watched?.get(id) ?? [];
}

/** The layers, and what passes watch beside them, each value once. */
function observedValues({ layers, watched }: Run): readonly ObservedLayer[] {
  const values = new Map([...(watched?.values() ?? [])].flat().map((layer) => [layer.value, layer]));
  for (const layer of layers) values.set(layer.value, layer);
  return [...values.values()];
}

/** As many inputs per forward as memory and the graph allow. */
function batchOf(run: Run): number {
  return batchSize({ ...run, layers: observedValues(run) });
}

/** Rows of every forward: a graph that fixes its batch gets padding rows. */
function rowsPerRun(run: Run): number {
  return Number.isFinite(run.maximumBatch) ? run.maximumBatch : batchOf(run);
}

/** "on 200 images", "on 50 random inputs": ends a sentence. */
export async function onInputs(dataset: Dataset, inputsSeen: number): Promise<string> {
  if (dataset.synthetic) return `on ${count(inputsSeen)} random ${inputsSeen === 1 ? 'input' : 'inputs'}`;
  const { kind } = await dataset.preview(0);
  const word = { image: 'image', tokens: 'text', array: 'input' }[kind];
  return `on ${count(inputsSeen)} ${word}${inputsSeen === 1 ? '' : 's'}`;
}

export function layerSummary(layer: ObservedLayer): LayerSummary {
  const { value, label, module, operator, family, units, unitWord, positionWord, shape } = layer;
  return {
    value,
    label,
    module,
    operator,
    family,
    units,
    unitWord,
    ...(positionWord === undefined ? {} : { positionWord }),
    shape,
  };
}
