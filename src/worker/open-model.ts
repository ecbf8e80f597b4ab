/** Opens a model file from disk: its structure, its layers, and the way to run rewritten versions of it. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { RunnableModel } from '../core/engine/engine.js';
import type { Problem } from '../core/errors.js';
import { encodeOnnx } from '../core/formats/onnx/decode.js';
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
  /** Changes with the file: structure, size and modification time. */
  readonly identity: string;
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
    identity: createHash('sha256')
      .update(encodeOnnx(onnx.proto))
      .update(`${source.size} ${source.modifiedMilliseconds}`)
      .digest('hex'),
    toRunnable: (model) => toRunnable(model, folder),
    close: () => source.close(),
  };
}
