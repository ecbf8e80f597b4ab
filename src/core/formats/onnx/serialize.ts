import { encodeOnnx } from './decode.js';
import { externalLocations } from './external-data.js';
import { hoistReferences } from './hoist-references.js';
import type { ModelProto } from './onnx_pb.js';
import type { RunnableModel } from './runnable-model.js';

/**
 * The model as engines take it: a few KB of protobuf whose large tensors are references into `folder`, all of them
 * initializers of the main graph. The given model is not changed.
 * @param folder absolute folder that the references are relative to.
 */
export function toRunnable(proto: ModelProto, folder: string): RunnableModel {
  const graph = proto.graph === undefined ? undefined : hoistReferences(proto.graph);
  // Training graphs are never run here, and their references would have to be opened all the same.
  const model: ModelProto = { ...proto, graph, trainingInfo: [] };
  return { bytes: encodeOnnx(model), externalFiles: externalLocations(model), folder };
}
