import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../formats/onnx/onnx_pb.js';
import { floatTensor, int64Tensor, makeNode, makeValueInfo, type AttributeValue } from './nodes.js';

/** From these opsets on, axes are an input and no longer an attribute. */
const AXES_INPUT_OPSET = { ReduceSum: 13, other: 18 };

export type ReduceOperator = 'ReduceSum' | 'ReduceMin' | 'ReduceMax';

/** Collects the nodes and constants that a rewrite adds; every name it gives out is new to the model. */
export interface GraphWriter {
  readonly opset: number;
  /** Adds a graph input. @param dims a string names an open dimension. @returns its name. */
  input(what: string, type: DataType, dims: readonly (number | string)[]): string;
  /** Adds a node with one output. @returns the output's name. */
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, AttributeValue>>): string;
  /** Adds a node with several outputs. @returns their names. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): readonly string[];
  /** Adds a constant. @param make is told its name. @returns the name. */
  initializer(make: (name: string) => TensorProto): string;
  ints(values: readonly number[]): string;
  /** A zero-dimensional int64. */
  int(value: number): string;
  /** A one-element float32 tensor without dimensions. */
  float(value: number): string;
  castToFloat(value: string): string;
  /** A node with the operator and attributes of a given one. @returns the names of its outputs, all new. */
  copy(node: NodeProto, inputs: readonly string[], outputs?: number): readonly string[];
  /** Adds a finished node; its outputs keep their names. */
  add(node: NodeProto): void;
  /** Reduces over the axes and drops them. */
  reduce(operator: ReduceOperator, value: string, axes: readonly number[]): string;
  /** A body for If: the nodes that `write` adds, with the value it returns as the only output. */
  body(write: (writer: GraphWriter) => string): GraphProto;
  /** The model with everything that was written; the given one is not changed, and shares its messages. */
  extend(model: ModelProto): ModelProto;
}

export function graphWriter(model: ModelProto): GraphWriter {
  const opset = Number(model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 1n);
  const prefix = unusedPrefix(model);
  const constants = new Map<string, string>();
  const initializers: TensorProto[] = [];
  const inputs: ValueInfoProto[] = [];
  let count = 0;
  const newName = (what: string) => `${prefix}${count++}_${what}`;
  const constant = (key: string, make: (name: string) => TensorProto): string => {
    const existing = constants.get(key);
    if (existing !== undefined) return existing;
    const name = newName('constant');
    constants.set(key, name);
    initializers.push(make(name));
    return name;
  };

  const writerInto = (nodes: NodeProto[]): GraphWriter => {
    const writer: GraphWriter = {
      opset,
      input(what, type, dims) {
        const name = newName(what);
        inputs.push(makeValueInfo(name, type, dims));
        return name;
      },
      node(opType, inputs, attributes) {
        const output = newName(opType);
        nodes.push(makeNode(opType, inputs, [output], attributes));
        return output;
      },
      nodes(opType, inputs, outputs, attributes) {
        const names = Array.from({ length: outputs }, () => newName(opType));
        nodes.push(makeNode(opType, inputs, names, attributes));
        return names;
      },
      initializer(make) {
        const name = newName('constant');
        initializers.push(make(name));
        return name;
      },
      ints: (values) => constant(`ints ${values.join()}`, (name) => int64Tensor(name, [values.length], values)),
      int: (value) => constant(`int ${value}`, (name) => int64Tensor(name, [], [value])),
      float: (value) => constant(`float ${value}`, (name) => floatTensor(name, [], [value])),
      copy(node, inputs, outputs = 1) {
        const output = Array.from({ length: outputs }, () => newName(node.opType));
        nodes.push({ ...node, input: [...inputs], output, name: output[0] ?? '' });
        return output;
      },
      add: (node) => void nodes.push(node),
      castToFloat: (value) => writer.node('Cast', [value], { to: DataType.FLOAT }),
      reduce(operator, value, axes) {
        const asInput = opset >= (operator === 'ReduceSum' ? AXES_INPUT_OPSET.ReduceSum : AXES_INPUT_OPSET.other);
        return asInput
          ? writer.node(operator, [value, writer.ints(axes)], { keepdims: 0 })
          : writer.node(operator, [value], { axes, keepdims: 0 });
      },
      body(write) {
        const inner: NodeProto[] = [];
        const output = write(writerInto(inner));
        return create(GraphProtoSchema, {
          name: newName('body'),
          node: inner,
          output: [makeValueInfo(output, DataType.FLOAT)],
        });
      },
      extend(model) {
        const graph = model.graph ?? create(GraphProtoSchema);
        return {
          ...model,
          graph: {
            ...graph,
            node: [...graph.node, ...nodes],
            initializer: [...graph.initializer, ...initializers],
            input: [...graph.input, ...inputs],
          },
        };
      },
    };
    return writer;
  };
  return writerInto([]);
}

/** A prefix that no name of the main graph begins with; names of inner graphs may shadow ours without harm. */
function unusedPrefix(model: ModelProto): string {
  const names = new Set<string>();
  for (const node of model.graph?.node ?? [])
    for (const name of [node.name, ...node.input, ...node.output]) names.add(name);
  for (const named of [...(model.graph?.input ?? []), ...(model.graph?.initializer ?? [])]) names.add(named.name);
  for (let attempt = 0; ; attempt++) {
    const prefix = `inspect${attempt === 0 ? '' : attempt}_`;
    if (![...names].some((name) => name.startsWith(prefix))) return prefix;
  }
}
