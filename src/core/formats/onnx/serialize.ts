import type { RunnableModel } from '../../engine/engine.js';
import { encodeOnnx } from './decode.js';
import { externalLocations } from './external-data.js';
import {
  TensorProto_DataLocation,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from './onnx_pb.js';

/**
 * The model as engines take it: a few KB of protobuf whose large tensors are references into `folder`. Engines accept
 * references for initializers only, so Constant nodes with a reference become initializers, in subgraphs, too.
 * The given model is not changed.
 */
export function toRunnable(proto: ModelProto, folder: string): RunnableModel {
  const graph = proto.graph === undefined ? undefined : withoutReferringConstants(proto.graph);
  // Training graphs are never run here, and their references would have to be opened all the same.
  const model: ModelProto = { ...proto, graph, trainingInfo: [] };
  return { bytes: encodeOnnx(model), externalFiles: externalLocations(model), folder };
}

function withoutReferringConstants(graph: GraphProto): GraphProto {
  const initializer = [...graph.initializer];
  const node: NodeProto[] = [];
  for (const candidate of graph.node) {
    const tensor = referringConstant(candidate);
    const name = candidate.output[0];
    if (tensor !== undefined && name !== undefined) initializer.push({ ...tensor, name });
    else node.push(withInnerGraphs(candidate));
  }
  return { ...graph, node, initializer };
}

/** The tensor of a Constant node when it lies in a file. */
function referringConstant(node: NodeProto): TensorProto | undefined {
  if (node.opType !== 'Constant' || (node.domain !== '' && node.domain !== 'ai.onnx')) return undefined;
  const tensor = node.attribute.find((attribute) => attribute.name === 'value')?.t;
  return tensor?.dataLocation === TensorProto_DataLocation.EXTERNAL ? tensor : undefined;
}

function withInnerGraphs(node: NodeProto): NodeProto {
  if (!node.attribute.some((attribute) => attribute.g !== undefined || attribute.graphs.length > 0)) return node;
  const attribute = node.attribute.map((inner) => ({
    ...inner,
    g: inner.g === undefined ? undefined : withoutReferringConstants(inner.g),
    graphs: inner.graphs.map(withoutReferringConstants),
  }));
  return { ...node, attribute };
}
