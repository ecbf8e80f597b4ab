/** Runs the nodes of the file and the one that would replace them on the same random inputs. */
import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema, TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import type { ModelProto, NodeProto } from '../../formats/onnx/onnx_pb.js';
import { tensorToProto } from '../../formats/onnx/tensor-proto.js';
import { normalStream, randomStream } from '../../dataset/random.js';
import { makeNode, makeValueInfo } from '../../rewrite/nodes.js';
import { prune } from '../../rewrite/prune.js';
import { elementCount, type Tensor } from '../../tensor/tensor.js';
import type { NetworkSubject } from '../pass.js';
import type { Fusable } from './find.js';
import type { Fused } from './fuse.js';

/** Random inputs of every proof. */
export const PROOF_INPUTS = 8;
/** Pictures larger than this prove nothing more: borders and middles are in smaller ones, too. */
const LARGEST_SIDE = 32;

export interface Proof {
  /** Largest |difference| between the two ways, and the sum of absolute terms of that output. */
  readonly difference: number;
  readonly scale: number;
  /** |difference| ≤ 1e-5 + 1e-4 · scale everywhere (methods, section 0). */
  readonly proven: boolean;
}

/**
 * @param shape of the shared input for one forward
 * @throws ProblemError as the engine does; CancelledError.
 */
export async function prove(
  network: NetworkSubject,
  fusable: Fusable,
  fused: Fused,
  shape: readonly number[],
): Promise<Proof> {
  const dims = [
    PROOF_INPUTS,
    ...shape.slice(1).map((size, axis) => (axis === 0 ? size : Math.min(size, LARGEST_SIDE))),
  ];
  // Products take vectors: what stands before the last axis is as good as a batch.
  const inputDims = fused.kind === 'product' ? [PROOF_INPUTS, shape.at(-1) ?? 0] : dims;
  const next = normalStream(randomStream(1, `fusion of ${fusable.output}`, 0));
  const input: Tensor = {
    type: 'float32',
    dims: inputDims,
    data: Float32Array.from({ length: elementCount(inputDims) }, next),
  };
  const magnitudes: Tensor = { ...input, data: (input.data as Float32Array).map(Math.abs) };
  const ofFile = await run(network, original(network, fusable, input), fusable.input, fusable.output, input);
  const ofOne = await run(network, replacement(network, fusable, fused, input), fusable.input, fusable.output, input);
  const scales = await run(
    network,
    replacement(network, fusable, absolute(fused), input),
    fusable.input,
    fusable.output,
    magnitudes,
  );
  return compare(ofFile, ofOne, scales);
}

function compare(a: Float32Array, b: Float32Array, scales: Float32Array): Proof {
  let worst = { difference: 0, scale: 0, excess: -Infinity };
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs((a[at] as number) - (b[at] ?? NaN));
    const scale = scales[at] ?? 0;
    const excess = difference - (1e-5 + 1e-4 * scale);
    // Not-a-number is the largest difference there is.
    if (!(excess <= worst.excess)) worst = { difference, scale, excess };
  }
  const { difference, scale, excess } = worst;
  return { difference, scale, proven: a.length > 0 && a.length === b.length && excess <= 0 };
}

function absolute(fused: Fused): Fused {
  return { ...fused, weights: fused.weights.map(Math.abs), bias: fused.bias.map(Math.abs) };
}

/** The nodes of the file alone, with their own weights. */
function original({ graph }: NetworkSubject, { nodes, input, output }: Fusable, { dims }: Tensor): ModelProto {
  const kept = new Set<NodeProto>(nodes.map(({ proto }) => proto));
  const model = create(ModelProtoSchema, {
    ...graph.model,
    functions: [],
    graph: create(GraphProtoSchema, {
      ...graph.proto,
      node: graph.proto.node.filter((node) => kept.has(node) || node.opType === 'Constant'),
      input: [makeValueInfo(input, DataType.FLOAT, dims)],
      output: [],
      valueInfo: [],
    }),
  });
  return prune(model, [output]);
}

function replacement(
  { graph }: NetworkSubject,
  { input, output }: Fusable,
  fused: Fused,
  { dims }: Tensor,
): ModelProto {
  const weights: Tensor = { type: 'float32', dims: fused.dims, data: Float32Array.from(fused.weights) };
  const bias: Tensor = { type: 'float32', dims: [fused.bias.length], data: Float32Array.from(fused.bias) };
  // Names that no value of the file can take away: the graph holds one input, one output and these.
  const [w, b] = [`${output}#weights`, `${output}#bias`];
  const node =
    fused.kind === 'product'
      ? [makeNode('MatMul', [input, w], [`${output}#product`]), makeNode('Add', [`${output}#product`, b], [output])]
      : [
          makeNode('Conv', [input, w, b], [output], {
            kernel_shape: fused.dims.slice(2),
            pads: [...fused.padsBefore, ...fused.padsAfter],
            strides: fused.strides,
            group: fused.groups,
          }),
        ];
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: graph.model.opsetImport,
    graph: create(GraphProtoSchema, {
      name: 'fused',
      node,
      initializer: [tensorToProto(w, weights), tensorToProto(b, bias)],
      input: [makeValueInfo(input, DataType.FLOAT, dims)],
      output: [makeValueInfo(output, DataType.FLOAT)],
    }),
  });
}

async function run(
  { engine, toRunnable }: NetworkSubject,
  model: ModelProto,
  input: string,
  output: string,
  tensor: Tensor,
): Promise<Float32Array> {
  const session = await engine.open(toRunnable(model), { threads: 0 });
  try {
    const outputs = await session.run({ [input]: tensor });
    const data = outputs[output]?.data;
    if (!(data instanceof Float32Array)) throw new Error('A proof gives float32.');
    return data;
  } finally {
    await session.release();
  }
}
