/** What is asked about removing units of the open model, and writing what is left. One question at a time. */
import { basename, dirname, parse, resolve } from 'node:path';
import type { Engine } from '../../core/engine/engine.js';
import { problem, ProblemError } from '../../core/errors.js';
import { displayText } from '../../core/display-text.js';
import { encodeModel, mustBeExternal } from '../../core/formats/onnx/encode-model.js';
import { readTensor } from '../../core/formats/onnx/external-data.js';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, type ModelProto } from '../../core/formats/onnx/onnx_pb.js';
import { nodeId } from '../../core/graph/item-ids.js';
import { certificates } from '../../core/passes/certificates/pass.js';
import { deadUnits } from '../../core/passes/dead-units/pass.js';
import type { FileSubject, NetworkSubject } from '../../core/passes/pass.js';
import { placeOf } from '../../core/passes/place.js';
import { count } from '../../core/passes/words.js';
import { zeroLines } from '../../core/passes/zero-lines.js';
import { compareRuns, type Comparison } from '../../core/pruning/proof.js';
import { findRemovable, type PruningSubject, type Removable } from '../../core/pruning/removable.js';
import type { UnitSource } from '../../core/pruning/unit-sources.js';
import { withTermSums } from '../../core/pruning/term-sums.js';
import { comparisonText, removableText, unitsText } from '../../core/pruning/words.js';
import { editedPayloads } from '../../core/rewrite/remove-units/payloads.js';
import { storedNumbers } from '../../core/tensor/stored-type.js';
import type { NumberArray } from '../../core/tensor/tensor.js';
import { checkTarget, writeModel, type ModelTarget } from '../../node/write-model.js';
import type {
  PrunedFile,
  PrunedLayerSummary,
  PruningPreview,
  PruningProof,
  PruningQuestions,
  SourceSummary,
} from '../../protocol/pruning.js';
import type { FileExamination } from '../file-examination.js';
import type { InputRuns } from '../input-runs.js';
import type { Inputs } from '../inputs.js';
import { openModelFile, type ModelFile, type Network } from '../open-model.js';
import { createTurns } from '../turns.js';
import { gatherFacts } from './facts.js';
import { randomInputs, RANDOM_INPUTS } from './random-inputs.js';

/** The open model, as far as removing units concerns it. */
export interface PrunableModel {
  readonly file: ModelFile;
  readonly network: Network;
  readonly inputs: Inputs;
  readonly runs: InputRuns;
  readonly examination: FileExamination;
  readonly engine: Engine;
  /** 0 = all cores. */
  readonly threads: number;
  /** What passes over the file look at. */
  subject(
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<FileSubject & { readonly network: NetworkSubject }>;
}

export interface PruningAnswers {
  readonly questions: PruningQuestions;
  /** Stops what is under way. */
  close(): void;
}

interface Found {
  readonly removable: Removable;
  readonly summaries: readonly SourceSummary[];
}

type Task = { readonly signal: AbortSignal; readonly onProgress: (share: number) => void };

/**
 * @param model throws where no graph is open.
 * @param track told of work that uses the engine.
 */
export function pruningAnswers(model: () => PrunableModel, track: <T>(work: Promise<T>) => Promise<T>): PruningAnswers {
  const turns = createTurns(track);
  return {
    questions: {
      pruningPreview: ({ sources, known }, signal, onProgress) =>
        turns.take(signal, async (either) => {
          const subject = model();
          const task = { signal: either, onProgress: onProgress ?? ignore };
          return previewOf(subject, await find(subject, sources, task, known));
        }),
      writePruned: ({ sources, path, replace }, signal, onProgress) =>
        turns.take(signal, (either) =>
          write(model(), sources, resolve(path), replace, { signal: either, onProgress: onProgress ?? ignore }),
        ),
    },
    close: () => turns.stop(),
  };
}

const ignore = (): void => undefined;

async function find(
  model: PrunableModel,
  sources: readonly UnitSource[],
  { signal, onProgress }: Task,
  known = false,
): Promise<Found> {
  const { file, network, examination, runs } = model;
  await file.assertUnchanged();
  const subject = await model.subject(signal, onProgress);
  const pruning = await pruningSubject(network, subject);
  const { facts, summaries } = await gatherFacts({
    sources,
    subject,
    read: pruning.read,
    async certify() {
      const graph = { tensors: subject.tensors, graph: network.graph };
      if (!certificates.applies(graph).applies) return undefined;
      const of = (result: ReturnType<FileExamination['result']>) =>
        result?.passes.find(({ pass }) => pass === certificates.id);
      return of(examination.result()) ?? (known ? undefined : of(await examination.run([certificates], signal)));
    },
    async runDeadUnits() {
      const shown = runs.shown();
      const isKnown =
        shown?.dataset === model.inputs.dataset() && shown.result.passes.some(({ pass }) => pass === deadUnits.id);
      if (isKnown) return shown.result;
      if (known) return undefined;
      return (await runs.run([deadUnits as Parameters<InputRuns['run']>[0][number]], signal)).result;
    },
  });
  return { removable: await findRemovable(pruning, facts), summaries };
}

async function pruningSubject(
  { graph, onnx }: Network,
  subject: FileSubject & { readonly network: NetworkSubject },
): Promise<PruningSubject> {
  const { network, tensors, statistics, signal } = subject;
  return {
    graph,
    shapes: await network.shapes(signal),
    async read(value) {
      const tensor = graph.initializer(value);
      if (tensor === undefined) return { dims: [0], data: [] };
      const { type, dims, data, storedAs } = await readTensor(tensor, onnx.openLocation);
      if (type === 'string') return { dims, data: [] };
      return { dims, data: storedAs === undefined ? storedNumbers(type, data as NumberArray) : (data as Float32Array) };
    },
    async unread({ node, position, axis }) {
      const index = network.tensorOf(node.inputs[position] ?? '');
      const tensor = tensors[index ?? -1];
      const found = tensor === undefined || index === undefined ? undefined : await statistics(index);
      return tensor === undefined || found === undefined ? undefined : (await zeroLines(tensor, found, signal))[axis];
    },
  };
}

function previewOf({ network }: PrunableModel, { removable, summaries }: Found): PruningPreview {
  const { units, onDataOnly, layers, kept, savings } = removable;
  return {
    sources: summaries,
    units,
    onDataOnly,
    layers: layers.map(({ node, units: all, removed }): PrunedLayerSummary => {
      const bySource: Partial<Record<UnitSource, number>> = {};
      for (const { source } of removed) bySource[source] = (bySource[source] ?? 0) + 1;
      return { label: placeOf(network.tree, node), item: nodeId(node), units: all, removed: removed.length, bySource };
    }),
    kept,
    savings,
    sentence: removableText(removable),
  };
}

async function write(
  model: PrunableModel,
  sources: readonly UnitSource[],
  path: string,
  replace: boolean,
  { signal, onProgress }: Task,
): Promise<PrunedFile> {
  const { file, network } = model;
  // Finding takes a tenth, writing a half, the proof the rest: of large models as of small ones nobody knows better.
  const found = await find(model, sources, { signal, onProgress: (share) => onProgress(0.1 * share) });
  const { removable } = found;
  const preview = previewOf(model, found);
  if (removable.units === 0) throw problem('not-applicable', preview.sentence, { place: file.fileName });
  const { openLocation } = network.onnx;
  const { model: rewritten, edited } = removable.rewritten;
  const payloads = editedPayloads(edited, openLocation);
  const external = network.onnx.externalBytes > 0 || mustBeExternal(rewritten, payloads);
  const target: ModelTarget = { path, replace, ...(external ? { externalName: `${basename(path)}.data` } : {}) };
  const folder = dirname(file.path);
  await checkTarget(target, [file.path, ...file.weights.files.slice(1).map((location) => resolve(folder, location))]);
  const encoded = encodeModel(withNote(rewritten, preview), {
    payloads,
    open: openLocation,
    ...(target.externalName === undefined ? {} : { externalName: target.externalName }),
  });
  const proof = await writeModel(
    target,
    encoded,
    (written) => prove(model, written, removable, { signal, onProgress: (share) => onProgress(0.6 + 0.4 * share) }),
    {
      signal,
      onProgress: (share) => onProgress(0.1 + 0.5 * share),
    },
  );
  await file.assertUnchanged();
  return {
    path,
    bytes: encoded.main.bytes,
    ...(target.externalName === undefined
      ? {}
      : { externalName: target.externalName, externalBytes: encoded.external?.bytes ?? 0 }),
    preview,
    proof,
  };
}

/** Whoever opens the file can read where it is from. */
function withNote(model: ModelProto, { units, onDataOnly }: PruningPreview): ModelProto {
  const value = `${unitsText(units)} removed, ${count(onDataOnly)} of them on data only`;
  const note = create(StringStringEntryProtoSchema, { key: 'pruned', value });
  return { ...model, metadataProps: [...model.metadataProps.filter(({ key }) => key !== note.key), note] };
}

/** Runs the file that was written beside the original. @throws ProblemError `not-applicable` when they differ. */
async function prove(
  model: PrunableModel,
  written: string,
  { onDataOnly }: Removable,
  { signal, onProgress }: Task,
): Promise<PruningProof> {
  const { network, engine, threads, inputs } = model;
  const pruned = await openModelFile(written, signal);
  try {
    const { network: smaller } = pruned;
    if (smaller === undefined) throw new Error('What was written holds no graph.');
    const { model: withSums, sums } = withTermSums(network.graph);
    const original = await engine.open(network.toRunnable(withSums), { threads });
    try {
      const other = await engine.open(smaller.toRunnable(smaller.onnx.proto), { threads });
      try {
        const ranges = (await model.subject(signal, ignore)).network.box.ranges;
        const random = await randomInputs(network.graph, ranges);
        const own = datasetOf(inputs);
        const total = RANDOM_INPUTS + ('dataset' in own ? own.dataset.size : 0);
        const shared = { original, sums, pruned: other, signal };
        const onRandom = await compareRuns({ ...shared, ...random, onInput: (done) => onProgress(done / total) });
        const onData =
          'dataset' in own
            ? await compareRuns({
                ...shared,
                dataset: own.dataset,
                data: `${count(own.dataset.size)} inputs (${own.dataset.description})`,
                onInput: (done) => onProgress((RANDOM_INPUTS + done) / total),
              })
            : undefined;
        return judged(onRandom, onData, 'reason' in own ? own.reason : undefined, onDataOnly);
      } finally {
        await other.release();
      }
    } finally {
      await original.release();
    }
  } finally {
    await pruned.close();
  }
}

function datasetOf(inputs: Inputs): { readonly dataset: ReturnType<Inputs['dataset']> } | { readonly reason: string } {
  try {
    return { dataset: inputs.dataset() };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { reason: error.problem.message };
  }
}

/** Units that were seen to do nothing on the data may do something on random inputs: there only the data counts. */
function judged(
  random: Comparison,
  data: Comparison | undefined,
  withoutData: string | undefined,
  onDataOnly: number,
): PruningProof {
  const needed = onDataOnly === 0 ? [random, ...(data === undefined ? [] : [data])] : data === undefined ? [] : [data];
  const texts = [random, ...(data === undefined ? [] : [data])].map(comparisonText);
  const failed = needed.find(({ equal }) => !equal);
  if (failed !== undefined || needed.length === 0) {
    throw problem(
      'not-applicable',
      `The smaller model does not give the same, so it was not written. ${texts.join('. ')}.`,
      {
        remedy:
          onDataOnly > 0
            ? 'Leave out what was seen on the data only.'
            : 'This is a defect of Model Inspector if the model gives the same twice: “Show Log” has the details.',
      },
    );
  }
  const exception =
    onDataOnly > 0 && !random.equal
      ? ' On random inputs units that are silent on the data may speak: that is no proof against it.'
      : '';
  return {
    random,
    ...(data === undefined ? {} : { data }),
    ...(withoutData === undefined ? {} : { withoutData: displayText(withoutData) }),
    sentence: `${texts.join('. ')}.${exception}`,
  };
}

/** "model.pruned.onnx" for "model.onnx". */
export function prunedName(fileName: string): string {
  return `${parse(fileName).name}.pruned.onnx`;
}
