/** ONNX models for tests, and protobuf bytes below what the library would write. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { encodeTag, encodeVarint } from '../../../src/core/formats/onnx/wire.js';

/** A float tensor [count] whose values are 0, 1, 2… times `step`. */
export function rawTensor(name: string, count: number, step = 0.5): TensorProto {
  const values = Float32Array.from({ length: count }, (_, i) => i * step);
  return create(TensorProtoSchema, {
    name,
    dims: [BigInt(count)],
    dataType: DataType.FLOAT,
    rawData: new Uint8Array(values.buffer),
  });
}

/** The same values in the typed field. */
export function packedTensor(name: string, count: number, step = 0.5): TensorProto {
  const floatData = Array.from({ length: count }, (_, i) => i * step);
  return create(TensorProtoSchema, { name, dims: [BigInt(count)], dataType: DataType.FLOAT, floatData });
}

export function constantNode(output: string, tensor: TensorProto): NodeProto {
  const value = create(AttributeProtoSchema, { name: 'value', type: AttributeType.TENSOR, t: tensor });
  return create(NodeProtoSchema, { opType: 'Constant', output: [output], attribute: [value] });
}

export function ifNode(condition: string, output: string, thenBranch: GraphProto, elseBranch: GraphProto): NodeProto {
  const branch = (name: string, g: GraphProto) => create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });
  const attribute = [branch('then_branch', thenBranch), branch('else_branch', elseBranch)];
  return create(NodeProtoSchema, { opType: 'If', input: [condition], output: [output], attribute });
}

export function graphOf(node: NodeProto[], initializer: TensorProto[] = [], output: string[] = []): GraphProto {
  return create(GraphProtoSchema, { name: 'g', node, initializer, output: output.map((name) => ({ name })) });
}

export function modelOf(graph: GraphProto): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    graph,
    opsetImport: [{ domain: '', version: 17n }],
  });
}

export function bytesOf(model: ModelProto): Uint8Array {
  return toBinary(ModelProtoSchema, model);
}

/** A length-delimited field. */
export function field(number: number, ...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  const value = concat(...parts);
  return concat(encodeTag(number, 2), encodeVarint(value.length), value);
}

export function varintField(number: number, value: number): Uint8Array {
  return concat(encodeTag(number, 0), encodeVarint(value));
}

export function concat(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}
