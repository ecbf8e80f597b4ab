/** Opens a model file from disk: its weights, and where it is a network its structure and the way to run it rewritten. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { SiblingFiles } from '../core/bytes/byte-source.js';
import type { RunnableModel } from '../core/formats/onnx/runnable-model.js';
import type { Problem } from '../core/errors.js';
import { problem } from '../core/errors.js';
import { encodeOnnx } from '../core/formats/onnx/decode.js';
import { recogniseDictionary, type Dictionary } from '../core/formats/dictionary-signature.js';
import type { ModelProto } from '../core/formats/onnx/onnx_pb.js';
import type { OnnxFile } from '../core/formats/onnx/open.js';
import { toRunnable } from '../core/formats/onnx/serialize.js';
import type { TensorFile } from '../core/formats/tensor-file.js';
import { createGraph, type Graph } from '../core/graph/graph.js';
import { detectActivationLayers } from '../core/graph/layer-detection.js';
import type { ActivationLayer } from '../core/graph/layers.js';
import { buildModuleTree, type ModuleTree } from '../core/graph/modules.js';
import { exposeBranches } from '../core/rewrite/observe-branches.js';
import { openFileSource } from '../node/file-source.js';
import { isCachedFile } from '../node/model-cache.js';
import { openFormat } from '../node/open-format.js';
import { siblingFiles } from '../node/sibling-files.js';

/** A model file of any format. */
export interface ModelFile {
  /** Absolute path. */
  readonly path: string;
  readonly fileName: string;
  /** Every tensor that the model stores. */
  readonly weights: TensorFile;
  /** Files of its folder: configurations lie there. */
  readonly siblings: SiblingFiles;
  /** Absolute, without links: where the file itself lies, in a model cache the link to it. */
  readonly folder: string;
  /** Absent where the file holds weights only. */
  readonly network?: Network;
  /** Where the weights are those of a sparse autoencoder or one of its kin. */
  readonly dictionary?: Dictionary;
  /** Changes with the files: structure, sizes and modification times, also of weights in other files. */
  readonly identity: string;
  /** @throws ProblemError `file-changed` when a file is not the one that was opened: engines read weights on their own. */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

/** A model that computes something: an ONNX graph. */
export interface Network {
  readonly onnx: OnnxFile;
  /** The graph as the file has it: what is shown. */
  readonly graph: Graph;
  /** The same with activations inside `If` branches as values of the main graph: what is run. */
  readonly observable: Graph;
  readonly tree: ModuleTree;
  /** Layers that passes are asked about: all but attention patterns, which are a question of their own. */
  readonly layers: readonly ActivationLayer[];
  /** What keeps it from running, as far as the file itself tells. */
  readonly problems: readonly Problem[];
  readonly toRunnable: (model: ModelProto) => RunnableModel;
}

export async function openModelFile(path: string, signal?: AbortSignal): Promise<ModelFile> {
  // The file itself is what is opened and run, under the name that the person knows: what belongs to it lies beside it, but
  // in a model cache beside the link, see node/model-cache.ts.
  const file = await realpath(path).catch(() => path);
  const beside = await realpath(dirname(path)).catch(() => dirname(path));
  const isCached = isCachedFile(beside, file);
  const folder = isCached ? beside : dirname(file);
  const source = await openFileSource(file, basename(isCached ? path : file));
  const siblings = siblingFiles(folder);
  const { weights, onnx } = await openFormat(source, siblings, signal);
  const fileName = basename(path);
  const files = [file, ...weights.files.slice(1).map((location) => resolve(folder, location))];
  const stamp = stampOf(files);
  const dictionary = await recogniseDictionary(weights, siblings);
  return {
    path,
    fileName,
    weights,
    siblings,
    folder,
    ...(onnx === undefined ? {} : { network: networkOf(onnx, folder) }),
    ...(dictionary === undefined ? {} : { dictionary }),
    identity: createHash('sha256')
      .update(onnx === undefined ? structureOf(weights) : encodeOnnx(onnx.proto))
      .update(stamp)
      .digest('hex'),
    async assertUnchanged() {
      if (stampOf(files) === stamp) return;
      throw problem('file-changed', `“${fileName}” or a file with its weights changed while it was open.`, {
        place: fileName,
        remedy: 'Reload the model.',
      });
    },
    async close() {
      await weights.close();
      await source.close();
    },
  };
}

/** @param folder absolute folder that references of the graph are relative to */
export function networkOf(onnx: OnnxFile, folder: string): Network {
  const graph = createGraph(onnx.proto);
  const branches = exposeBranches(onnx.proto);
  const layers = [...detectActivationLayers(graph), ...branches.layers].filter(
    ({ family }) => family !== 'distribution',
  );
  return {
    onnx,
    graph,
    observable: branches.layers.length === 0 ? graph : createGraph(branches.model),
    tree: buildModuleTree(graph),
    layers,
    problems: [...onnx.problems, ...graph.problems],
    toRunnable: (model) => toRunnable(model, folder),
  };
}

function structureOf({ tensors }: TensorFile): string {
  return JSON.stringify(tensors.map(({ name, dims, dtype, bytes, file }) => [name, dims, dtype, bytes, file]));
}

/** Sizes and modification times of files; only these are read, so a location that leads elsewhere does no harm. */
function stampOf(files: readonly string[]): string {
  const stamps = files.map((file) => {
    try {
      const { size, mtimeNs } = statSync(file, { bigint: true });
      return `${size} ${mtimeNs}`;
    } catch {
      return 'absent';
    }
  });
  return stamps.join('\n');
}
