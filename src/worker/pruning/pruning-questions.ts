/** What is asked about removing units of the open model, and writing what is left. One question at a time. */
import { basename, dirname, resolve } from 'node:path';
import type { Engine } from '../../core/engine/engine.js';
import { problem, ProblemError } from '../../core/errors.js';
import { encodeModel, mustBeExternal } from '../../core/formats/onnx/encode-model.js';
import { readTensor } from '../../core/formats/onnx/external-data.js';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, type ModelProto } from '../../core/formats/onnx/onnx_pb.js';
import { nodeId } from '../../core/graph/item-ids.js';
import { certificates } from '../../core/passes/certificates/pass.js';
import { deadUnits } from '../../core/passes/dead-units/pass.js';
import type { FileSubject, NetworkSubject } from '../../core/passes/pass.js';
import type { PassResult, ProofBox } from '../../core/passes/result.js';
import { placeOf } from '../../core/passes/place.js';
import { sentence } from '../../core/passes/words.js';
import { zeroLines } from '../../core/passes/zero-lines.js';
import { findRemovable, type PruningSubject, type Removable } from '../../core/pruning/removable.js';
import { SOURCES_OF_PASS, type UnitSource } from '../../core/pruning/unit-sources.js';
import { checkText, provenText, removableText, SOURCE_NAMES, unitsText } from '../../core/pruning/words.js';
import { editedPayloads } from '../../core/rewrite/remove-units/payloads.js';
import { storedNumbers } from '../../core/tensor/stored-type.js';
import type { NumberArray } from '../../core/tensor/tensor.js';
import { checkTarget, writeModel, type ModelTarget } from '../../node/write-model.js';
import type {
  PrunedFile,
  PrunedLayerSummary,
  PruningPreview,
  PruningQuestions,
  PruningReport,
  SourceSummary,
} from '../../protocol/pruning.js';
import type { FileExamination } from '../file-examination.js';
import type { InputRuns } from '../input-runs.js';
import type { Inputs } from '../inputs.js';
import type { ModelFile, Network } from '../open-model.js';
import { createTurns } from '../turns.js';
import { gatherFacts } from './facts.js';
import { prove } from './prove.js';
import { RANDOM_INPUTS } from './random-inputs.js';

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
  /** From what passes have found; nothing where none of them was asked. */
  report(signal: AbortSignal | undefined): Promise<PruningReport | undefined>;
  /** Stops what is under way. */
  close(): void;
}

interface Found {
  readonly removable: Removable;
  readonly summaries: readonly SourceSummary[];
  /** That units are proven dead in, where some that leave are for inputs inside it only. */
  readonly box?: ProofBox;
}

export type Task = { readonly signal: AbortSignal; readonly onProgress: (share: number) => void };

/**
 * @param model throws where no graph is open.
 * @param track told of work that uses the engine.
 */
export function pruningAnswers(model: () => PrunableModel, track: <T>(work: Promise<T>) => Promise<T>): PruningAnswers {
  const turns = createTurns(track);
  let written: { readonly file: ModelFile; readonly pruned: PrunedFile } | undefined;
  return {
    report: (signal) =>
      turns.take(signal, async (either) => {
        const subject = model();
        const { examination, runs, file } = subject;
        const answered = [...(examination.result()?.passes ?? []), ...(runs.shown()?.result.passes ?? [])];
        const sources = answered.flatMap(({ pass }) => SOURCES_OF_PASS[pass] ?? []);
        if (sources.length === 0) return undefined;
        const found = await find(subject, sources, { signal: either, onProgress: ignore }, true)
          .then((answer) => previewOf(subject, answer))
          .catch((error: unknown) => {
            if (error instanceof ProblemError) return error.problem;
            throw error;
          });
        if (written?.file !== file) return { found };
        return { found, written: { ...written.pruned, path: basename(written.pruned.path) } };
      }),
    questions: {
      pruningPreview: ({ sources, known }, signal, onProgress) =>
        turns.take(signal, async (either) => {
          const subject = model();
          const task = { signal: either, onProgress: onProgress ?? ignore };
          return previewOf(subject, await find(subject, sources, task, known));
        }),
      writePruned: ({ sources, path, replace }, signal, onProgress) =>
        turns.take(signal, async (either) => {
          const subject = model();
          const task = { signal: either, onProgress: onProgress ?? ignore };
          const pruned = await write(subject, sources, resolve(path), replace, task);
          written = { file: subject.file, pruned };
          return pruned;
        }),
      prunedFile: async () => (written?.file === model().file ? written.pruned : undefined),
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
  const { facts, summaries, box } = await gatherFacts({
    sources,
    subject,
    read: pruning.read,
    async certify() {
      const graph = { tensors: subject.tensors, graph: network.graph };
      const applicability = certificates.applies(graph);
      if (!applicability.applies) return applicability.reason;
      const of = (result: ReturnType<FileExamination['result']>): PassResult | undefined =>
        result?.passes.find(({ pass }) => pass === certificates.id);
      const earlier = of(examination.result());
      // An answer without a box says only what is not known of the inputs.
      const stands =
        earlier !== undefined && (earlier.box === undefined ? known : isOfBox(earlier.box, subject.network));
      const answer = stands ? earlier : known ? undefined : of(await examination.run([certificates], signal));
      return answer ?? 'nothing was certified for the present ranges of the inputs yet';
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
  const removable = await findRemovable(pruning, facts);
  return { removable, summaries, ...(box === undefined || removable.inBoxOnly === 0 ? {} : { box }) };
}

/** Whether a proof holds for the inputs as they are known now: ranges may have been stated anew since it was made. */
function isOfBox({ ranges }: ProofBox, { graph, box }: NetworkSubject): boolean {
  const ofInputs = (known: ProofBox['ranges']): string =>
    JSON.stringify(graph.inputs.map(({ name }) => known[name] ?? null));
  return ofInputs(ranges) === ofInputs(box.ranges);
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

function previewOf({ network }: PrunableModel, { removable, summaries, box }: Found): PruningPreview {
  const { units, onDataOnly, inBoxOnly, layers, kept, savings } = removable;
  return {
    sources: summaries,
    units,
    onDataOnly,
    inBoxOnly,
    ...(box === undefined ? {} : { box: box.text }),
    layers: layers.map(({ node, units: all, removed }): PrunedLayerSummary => {
      const bySource: Partial<Record<UnitSource, number>> = {};
      for (const { source } of removed) bySource[source] = (bySource[source] ?? 0) + 1;
      return { label: placeOf(network.tree, node), item: nodeId(node), units: all, removed: removed.length, bySource };
    }),
    kept,
    savings,
    sentence: removableText(removable),
    proven: provenText(removable, box?.text),
    check: units === 0 ? '' : checkText(removable, RANDOM_INPUTS),
  };
}

function nothingToRemove({ sentence: said, sources }: PruningPreview, fileName: string): Error {
  const asked = new Set(sources.map(({ source }) => source));
  const ways = [
    ...(asked.has('bounds') ? ['state what inputs can be: more is certified in a smaller box'] : []),
    ...(asked.has('data') ? [] : ['look for units that are 0 on the data, which proves nothing of other inputs']),
  ];
  return problem('not-applicable', [said, ...sources.map(sourceText)].join(' '), {
    place: fileName,
    ...(ways.length === 0 ? {} : { remedy: `${sentence(ways.join(', or '))}.` }),
  });
}

function sourceText({ source, units, text }: SourceSummary): string {
  return `${SOURCE_NAMES[source]}: ${unitsText(units)} (${text.replace(/\.$/, '')}).`;
}

async function write(
  model: PrunableModel,
  sources: readonly UnitSource[],
  path: string,
  replace: boolean,
  { signal, onProgress }: Task,
): Promise<PrunedFile> {
  const { file, network } = model;
  const folder = dirname(file.path);
  const originals = [file.path, ...file.weights.files.slice(1).map((location) => resolve(folder, location))];
  // What would stop the file from being kept is said before the work.
  await checkTarget({ path, replace }, originals);
  // Finding takes a tenth, writing a half, the proof the rest: of large models as of small ones nobody knows better.
  const found = await find(model, sources, { signal, onProgress: (share) => onProgress(0.1 * share) });
  const { removable } = found;
  const preview = previewOf(model, found);
  if (removable.units === 0) throw nothingToRemove(preview, file.fileName);
  const { openLocation } = network.onnx;
  const { model: rewritten, edited } = removable.rewritten;
  const payloads = editedPayloads(edited, openLocation);
  const external = network.onnx.externalBytes > 0 || mustBeExternal(rewritten, payloads);
  const target: ModelTarget = { path, replace, ...(external ? { externalName: `${basename(path)}.data` } : {}) };
  if (external) await checkTarget(target, originals);
  const encoded = encodeModel(withNote(rewritten, preview), {
    payloads,
    open: openLocation,
    ...(target.externalName === undefined ? {} : { externalName: target.externalName }),
  });
  const proof = await writeModel(
    target,
    encoded,
    async (written) => {
      const task = { signal, onProgress: (share: number) => onProgress(0.6 + 0.4 * share) };
      const proven = await prove(model, written, removable, found.box, task);
      await file.assertUnchanged();
      return proven;
    },
    { signal, onProgress: (share) => onProgress(0.1 + 0.5 * share) },
  );
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
function withNote(model: ModelProto, { units, proven }: PruningPreview): ModelProto {
  const value = `${unitsText(units)} removed. ${proven}`;
  const note = create(StringStringEntryProtoSchema, { key: 'pruned', value });
  return { ...model, metadataProps: [...model.metadataProps.filter(({ key }) => key !== note.key), note] };
}
