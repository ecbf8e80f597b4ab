/** A network as passes over the file see it, from parts of a graph. */
import { onnxWeights } from '../../../src/core/formats/onnx/weights.js';
import { toRunnable } from '../../../src/core/formats/onnx/serialize.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { OnnxFile } from '../../../src/core/formats/onnx/open.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { detectActivationLayers } from '../../../src/core/graph/layer-detection.js';
import type { FileSubject, NetworkSubject } from '../../../src/core/passes/pass.js';
import { inferShapes } from '../../../src/core/rewrite/infer-shapes.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { createTensorReader } from '../../../src/worker/tensor-reader.js';
import { modelProto, type GraphParts } from '../graph-builder.js';

/** The weights of a model that is in memory. */
export function weightsOf(proto: ModelProto): ReturnType<typeof onnxWeights> {
  const file: OnnxFile = {
    proto,
    fileName: 'm.onnx',
    ownLocation: 'm.onnx',
    fileBytes: 0,
    externalBytes: 0,
    problems: [],
    openLocation: () => Promise.reject(new Error('All weights are in the model.')),
  };
  return onnxWeights(file);
}

type NetworkFile = FileSubject & { readonly network: NetworkSubject };

export async function fileSubject(
  parts: GraphParts,
  sizes: Readonly<Record<string, number>> = {},
): Promise<NetworkFile> {
  return modelSubject(modelProto(parts), sizes);
}

/** @param box what is known of the inputs, where a pass asks. */
export async function modelSubject(
  proto: ModelProto,
  sizes: Readonly<Record<string, number>> = {},
  box: NetworkSubject['box'] = { ranges: {}, splits: 0 },
): Promise<NetworkFile> {
  const graph = createGraph(proto);
  const engine = await loadNativeEngine();
  const encode = (model: ModelProto) => toRunnable(model, '/');
  const shapes = await inferShapes({ graph, engine, toRunnable: encode });
  const weights = weightsOf(proto);
  const indices = new Map(weights.tensors.map(({ name }, index) => [name, index]));
  const { signal } = new AbortController();
  return {
    tensors: weights.tensors,
    network: {
      graph,
      layers: detectActivationLayers(graph),
      tensorOf: (value) => (graph.initializer(value) === undefined ? undefined : indices.get(value)),
      sizes,
      shapes: (cancel) => shapes.at(sizes, cancel),
      engine,
      toRunnable: encode,
      box,
    },
    statistics: createTensorReader(weights).during(signal, () => undefined),
    signal,
  };
}
