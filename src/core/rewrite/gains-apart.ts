/** Normalisations that are one node, as steps of their own: what they give before the gain and bias becomes a value. */
import { TensorProto_DataType as DataType, type ModelProto } from '../formats/onnx/onnx_pb.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import { floatTensor } from './nodes.js';
import { spliceNodes } from './splice-nodes.js';

export interface GainsApart {
  /** Computes the same but for what the engine rounds: every output is n · gain + bias of the value before the gain, n. */
  readonly model: ModelProto;
  /** By output of a normalisation, the value before its gain. */
  readonly beforeGain: ReadonlyMap<string, string>;
}

/** @param outputs of normalisations to part; absent: all of them. Gains that are no float32 initializer stay where they are. */
export function gainsApart(graph: Graph, outputs?: readonly string[]): GainsApart {
  const parted = new Map<string, GraphNode>();
  for (const node of graph.order) {
    const [output = ''] = node.outputs;
    const gain = graph.initializer(node.inputs[1] ?? '');
    const isVector = gain?.dataType === DataType.FLOAT && gain.dims.length === 1;
    const isNorm = /^(Simplified|RMS)?(LayerNormalization|Normalization)$/.test(node.opType);
    if (isNorm && isVector && (outputs?.includes(output) ?? true)) parted.set(output, node);
  }
  const beforeGain = new Map<string, string>();
  if (parted.size === 0) return { model: graph.model, beforeGain };
  const model = spliceNodes(graph.model, [...parted.keys()], (writer, _computed, output) => {
    const { proto, inputs } = parted.get(output) as GraphNode;
    const [x = '', gain = '', bias = ''] = inputs;
    const length = Number(graph.initializer(gain)?.dims[0]);
    const ones = writer.initializer((name) => floatTensor(name, [length], new Array<number>(length).fill(1)));
    const [value = ''] = writer.copy(proto, [x, ones]);
    beforeGain.set(output, value);
    const scaled = writer.node('Mul', [value, gain]);
    return bias === '' ? scaled : writer.node('Add', [scaled, bias]);
  });
  return { model, beforeGain };
}
