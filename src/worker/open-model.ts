/** Opens a model file from disk: its structure, its layers, and the way to run rewritten versions of it. */
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { RunnableModel } from '../core/formats/onnx/runnable-model.js';
import type { Problem } from '../core/errors.js';
import { problem } from '../core/errors.js';
import { encodeOnnx } from '../core/formats/onnx/decode.js';
import { externalLocations } from '../core/formats/onnx/external-data.js';
import type { ModelProto } from '../core/formats/onnx/onnx_pb.js';
import { openOnnx, type OnnxFile } from '../core/formats/onnx/open.js';
import { toRunnable } from '../core/formats/onnx/serialize.js';
import { createGraph, type Graph } from '../core/graph/graph.js';
import { detectActivationLayers } from '../core/graph/layer-detection.js';
import type { ActivationLayer } from '../core/graph/layers.js';
import { buildModuleTree, type ModuleTree } from '../core/graph/modules.js';
import { outline } from '../core/graph/outline.js';
import { overview } from '../core/graph/overview.js';
import { exposeBranches } from '../core/rewrite/observe-branches.js';
import { openFileSource } from '../node/file-source.js';
import { siblingFiles } from '../node/sibling-files.js';
import type { ModelOverview, OutlineEntry } from '../protocol/model.js';

export interface ModelFile {
  /** Absolute path. */
  readonly path: string;
  readonly onnx: OnnxFile;
  /** The graph as the file has it: what is shown. */
  readonly graph: Graph;
  /** The same with activations inside `If` branches as values of the main graph: what is run. */
  readonly observable: Graph;
  readonly tree: ModuleTree;
  /** Layers that passes are asked about: all but attention patterns, which are a question of their own. */
  readonly layers: readonly ActivationLayer[];
  readonly overview: ModelOverview;
  readonly outline: readonly OutlineEntry[];
  /** What keeps it from running, as far as the file itself tells. */
  readonly problems: readonly Problem[];
  /** Changes with the files: structure, sizes and modification times, also of weights in other files. */
  readonly identity: string;
  /** @throws ProblemError `file-changed` when a file is not the one that was opened: engines read weights on their own. */
  assertUnchanged(): Promise<void>;
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  close(): Promise<void>;
}

export async function openModelFile(path: string, signal?: AbortSignal): Promise<ModelFile> {
  // Engines refuse weights behind a link that leaves the folder; a model cache keeps its files just so. The file itself
  // is what is opened and run, under the name that the person knows.
  const file = await realpath(path).catch(() => path);
  const folder = dirname(file);
  const source = await openFileSource(file);
  const onnx = { ...(await openOnnx(source, siblingFiles(folder), signal)), fileName: basename(path) };
  const files = [file, ...externalLocations(onnx.proto).map((location) => resolve(folder, location))];
  const stamp = await stampOf(files);
  const graph = createGraph(onnx.proto);
  const branches = exposeBranches(onnx.proto);
  const layers = [...detectActivationLayers(graph), ...branches.layers].filter(
    ({ family }) => family !== 'distribution',
  );
  const tree = buildModuleTree(graph);
  return {
    path,
    onnx,
    graph,
    observable: branches.layers.length === 0 ? graph : createGraph(branches.model),
    tree,
    layers,
    overview: overview(onnx, graph),
    outline: outline(tree, layers),
    problems: [...onnx.problems, ...graph.problems],
    identity: createHash('sha256').update(encodeOnnx(onnx.proto)).update(stamp).digest('hex'),
    async assertUnchanged() {
      if ((await stampOf(files)) === stamp) return;
      throw problem('file-changed', `“${onnx.fileName}” or a file with its weights changed while it was open.`, {
        place: onnx.fileName,
        remedy: 'Reload the model.',
      });
    },
    toRunnable: (model) => toRunnable(model, folder),
    close: () => source.close(),
  };
}

/** Sizes and modification times of files; only these are read, so a location that leads elsewhere does no harm. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    return found === undefined ? 'absent' : `${found.size} ${found.mtimeNs}`;
  });
  return (await Promise.all(stamps)).join('\n');
}
