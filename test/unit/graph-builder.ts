import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../src/core/formats/onnx/onnx_pb.js';
import { floatTensor, int64Tensor, makeValueInfo } from '../../src/core/rewrite/nodes.js';

/** A number is a float unless it is given as bigint, a list one of integers. */
export type AttributeValue = number | bigint | string | readonly number[] | TensorProto | GraphProto;

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** `node('Relu', ['x'], ['y'], { name: 'relu1' })`. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  { name = '', domain = '', attributes = {}, metadata = {} }: NodeOptions = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    input: [...input],
    output: [...output],
    name,
    domain,
    attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

/** A float32 initializer; its values are zeros where none are given. */
export function weight(name: string, dims: readonly number[], values?: readonly number[]): TensorProto {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return floatTensor(name, dims, values ?? Array.from({ length: count }, () => 0));
}

/** A constant with one element and no dimensions. */
export function scalar(name: string, value: number): TensorProto {
  return floatTensor(name, [], [value]);
}

/** A list of int64: axes, a shape. */
export function integers(name: string, values: readonly number[]): TensorProto {
  return int64Tensor(name, [values.length], values);
}

export interface GraphParts {
  readonly nodes: readonly NodeProto[];
  /** Names (then float32 of unknown rank) or full descriptions. */
  readonly inputs?: readonly (string | ValueInfoProto)[];
  readonly outputs?: readonly (string | ValueInfoProto)[];
  readonly initializers?: readonly TensorProto[];
  readonly values?: readonly ValueInfoProto[];
}

export function graphProto({
  nodes,
  inputs = ['x'],
  outputs = [],
  initializers = [],
  values = [],
}: GraphParts): GraphProto {
  const info = (entry: string | ValueInfoProto): ValueInfoProto =>
    typeof entry === 'string' ? valueInfo(entry) : entry;
  return create(GraphProtoSchema, {
    name: 'graph',
    node: [...nodes],
    input: inputs.map(info),
    output: outputs.map(info),
    initializer: [...initializers],
    valueInfo: [...values],
  });
}

export function modelProto(parts: GraphParts, opset = 17): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'graph-builder',
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph: graphProto(parts),
  });
}

/** A float32 value's type; sizes may be names. Without a shape its rank is unknown. */
export function valueInfo(name: string, shape?: readonly (number | string)[]): ValueInfoProto {
  return makeValueInfo(name, DataType.FLOAT, shape);
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
  if (typeof value === 'bigint') return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: value });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if (Array.isArray(value)) {
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: (value as number[]).map(BigInt) });
  }
  const message = value as TensorProto | GraphProto;
  return message.$typeName === 'onnx.TensorProto'
    ? create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: message })
    : create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: message });
}
