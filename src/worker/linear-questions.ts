/**
 * What is asked about linear systems of the open model. One question at a time; the two systems asked for last are kept
 * with their sessions, so that two inputs can be compared, and rows follow the pointer.
 */
import type { Dataset } from '../core/dataset/dataset.js';
import type { Engine } from '../core/engine/engine.js';
import { problem } from '../core/errors.js';
import { cutChoices } from '../core/linear/cut-choices.js';
import { foldSystems } from '../core/linear/fold.js';
import { systemAt, type LinearSystem, type SystemContext } from '../core/linear/system.js';
import { openGraphs, type SystemGraphs, type SystemModel } from '../core/linear/system-graphs.js';
import { valueShapes } from '../core/linear/value-shapes.js';
import { placeOf } from '../core/passes/place.js';
import { prepareForLinearize } from '../core/rewrite/linearize/prepare.js';
import { MOST_TRIPLETS, MOST_VOTES, type LinearQuestions, type SystemRequest } from '../protocol/linear.js';
import { feedsOf } from './chosen-input.js';
import type { Inputs } from './inputs.js';
import type { Network } from './open-model.js';
import { createTurns } from './turns.js';
import { withTokens } from './system-tokens.js';

export interface LinearSubject {
  readonly network: Network;
  readonly inputs: Inputs;
  readonly engine: Engine;
  /** 0 = all cores. */
  readonly threads: number;
}

export interface LinearAnswers {
  readonly questions: LinearQuestions;
  /** The model as all questions about linear systems take it. @throws where no graph is open. */
  model(): SystemModel;
  /** Lets go of what is kept: other inputs were chosen, or the model is closed. */
  release(): Promise<void>;
  /** Stops what is under way, and releases. */
  close(): Promise<void>;
}

interface Kept {
  readonly key: string;
  readonly cut: string;
  readonly graphs: SystemGraphs;
  readonly system: LinearSystem;
}

/** Systems whose sessions stay open. */
const MOST_KEPT = 2;

/**
 * @param subject throws where no graph is open.
 * @param track told of work that uses the engine.
 */
export function linearAnswers(subject: () => LinearSubject, track: <T>(work: Promise<T>) => Promise<T>): LinearAnswers {
  /** The one used last at the end. */
  let kept: Kept[] = [];
  let keptFor: Dataset | undefined;
  let prepared: { readonly network: Network; readonly graph: SystemModel['prepared'] } | undefined;
  // A session must not be let go of while a question uses it.
  const turns = createTurns(track);
  const inTurn = turns.take;

  const release = async (): Promise<void> => {
    const graphs = new Set(kept.map((each) => each.graphs));
    kept = [];
    for (const each of graphs) await each.release();
  };

  const model = (): SystemModel => {
    const { network, engine, threads } = subject();
    if (prepared?.network !== network) prepared = { network, graph: prepareForLinearize(network.onnx.proto) };
    return { prepared: prepared.graph, engine, threads, toRunnable: network.toRunnable };
  };

  const systemOf = async (
    { example, ...cut }: SystemRequest,
    signal: AbortSignal,
    onProgress?: (share: number) => void,
  ): Promise<LinearSystem> => {
    const dataset = subject().inputs.dataset();
    if (keptFor !== dataset) await release();
    keptFor = dataset;
    const cutKey = JSON.stringify([cut.from, cut.to, cut.reading]);
    const key = `${example} ${cutKey}`;
    const known = kept.find((each) => each.key === key);
    if (known !== undefined) {
      kept = [...kept.filter((each) => each !== known), known];
      return known.system;
    }
    const feeds = await feedsOf(dataset, example);
    const same = kept.find((each) => each.cut === cutKey && each.graphs.fit(feeds))?.graphs;
    const graphs = same ?? (await openGraphs(model(), cut, feeds, signal));
    try {
      onProgress?.(0.5);
      const system = await systemAt(graphs, model(), contextOf(subject(), dataset), feeds, signal);
      kept.push({ key, cut: cutKey, graphs, system });
    } finally {
      await drop(kept.splice(0, Math.max(0, kept.length - MOST_KEPT)).map((each) => each.graphs));
      await drop([graphs]);
    }
    return kept.at(-1)?.system as LinearSystem;
  };

  /** Releases graphs that no system that is kept uses. */
  const drop = async (graphs: readonly SystemGraphs[]): Promise<void> => {
    const used = new Set(kept.map((each) => each.graphs));
    for (const each of new Set(graphs)) if (!used.has(each)) await each.release();
  };

  const fold = async (
    { outputs, inputs, ...cut }: Parameters<LinearQuestions['linearFold']>[0],
    signal: AbortSignal,
    onProgress: ((share: number) => void) | undefined,
  ) => {
    checkCount(outputs.length, MOST_VOTES, 'outputs');
    const dataset = subject().inputs.dataset();
    const context = contextOf(subject(), dataset);
    let graphs: SystemGraphs | undefined;
    try {
      return await foldSystems(
        async (example) => {
          const feeds = await feedsOf(dataset, example);
          if (graphs?.fit(feeds) !== true) {
            await graphs?.release();
            graphs = undefined;
            graphs = await openGraphs(model(), cut, feeds, signal);
          }
          return systemAt(graphs, model(), context, feeds, signal);
        },
        { outputs, inputs: Math.min(inputs, dataset.size), signal, onProgress },
      );
    } finally {
      await graphs?.release();
    }
  };

  const questions: LinearQuestions = {
    linearCuts: ({ example }, signal) =>
      inTurn(signal, async (either) => {
        const { network, inputs } = subject();
        const feeds = await feedsOf(inputs.dataset(), example);
        const { prepared: graph, engine, threads, toRunnable } = model();
        const shapes = await valueShapes({ graph, engine, threads, toRunnable, feeds, signal: either });
        return cutChoices(network.graph, shapes, (node) => placeOf(network.tree, node));
      }),
    linearSystem: (request, signal, onProgress) =>
      inTurn(signal, async (either) => {
        const system = await systemOf(request, either, onProgress);
        return withTokens(await system.describe(either), subject().inputs.dataset(), request.example);
      }),
    linearVotes: ({ system, outputs }, signal) =>
      inTurn(signal, async (either) => {
        checkCount(outputs.length, MOST_VOTES, 'outputs');
        return (await systemOf(system, either)).votes(outputs, either);
      }),
    linearRow: ({ system, output }, signal) =>
      inTurn(signal, async (either) => ({ values: await (await systemOf(system, either)).row(output) })),
    linearColumn: ({ system, input }, signal) =>
      inTurn(signal, async (either) => ({ values: await (await systemOf(system, either)).column(input) })),
    linearSingular: ({ system, count }, signal, onProgress) =>
      inTurn(signal, async (either) => {
        checkCount(count, MOST_TRIPLETS, 'singular vectors');
        return (await systemOf(system, either)).singular({ count, signal: either, onProgress });
      }),
    linearFold: (request, signal, onProgress) => inTurn(signal, (either) => fold(request, either, onProgress)),
  };
  const letGo = (): Promise<void> => turns.last(release);
  return {
    questions,
    model,
    release: letGo,
    close() {
      turns.stop();
      return letGo();
    },
  };
}

export function contextOf({ network, inputs }: LinearSubject, dataset: Dataset): SystemContext {
  const { recipe } = inputs.description();
  return {
    original: network.graph,
    placeOf: (node) => placeOf(network.tree, node),
    batch: Number.isFinite(dataset.maximumBatch) ? dataset.maximumBatch : 1,
    classes: dataset.classes ?? [],
    layoutOf(input) {
      const source = recipe.inputs[input];
      return source?.source === 'images' ? source.layout : undefined;
    },
  };
}

export function checkCount(count: number, most: number, what: string): void {
  if (Number.isInteger(count) && count > 0 && count <= most) return;
  throw problem('not-applicable', `From 1 to ${most} ${what} can be asked for at once, not ${count}.`);
}
