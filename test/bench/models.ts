import { create } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../src/core/formats/onnx/onnx_pb.js';
import {
  floatTensor,
  int64Tensor,
  makeNode,
  makeValueInfo,
  type AttributeValue,
} from '../../src/core/rewrite/nodes.js';

/**
 * Networks of the usual shapes with seeded random weights: speed and memory do not depend on what the weights are,
 * as long as activations stay finite and rectifiers cut off about half.
 */
interface Builder {
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, AttributeValue>>): string;
  /** A weight of the given shape, normal-like with standard deviation 1/√fanIn times `gain`. */
  weight(dims: readonly number[], fanIn: number, gain?: number): string;
  ints(values: readonly number[]): string;
  /** A zero-dimensional integer. */
  int(value: number): string;
  float(value: number): string;
  finish(inputs: Parameters<typeof makeValueInfo>[], output: string): ModelProto;
}

function builder(seed: number): Builder {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  let state = seed >>> 0;
  /** Sum of four uniforms from a linear congruential generator, scaled to variance 1. */
  const normal = (): number => {
    let sum = 0;
    for (let draw = 0; draw < 4; draw++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      sum += state;
    }
    return (sum / 2 ** 32 - 2) * Math.sqrt(3);
  };
  const add = (make: (name: string) => TensorProto): string => {
    const name = `w${initializers.length}`;
    initializers.push(make(name));
    return name;
  };
  return {
    node(opType, inputs, attributes) {
      const output = `v${nodes.length}_${opType}`;
      nodes.push(makeNode(opType, inputs, [output], attributes));
      return output;
    },
    weight(dims, fanIn, gain = 1) {
      const values = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
      const scale = gain / Math.sqrt(fanIn);
      // A repeated stretch of random numbers: drawing 160 million would take longer than the measurements.
      const stretch = Math.min(values.length, 65_521);
      for (let index = 0; index < stretch; index++) values[index] = normal() * scale;
      for (let filled = stretch; filled < values.length; filled *= 2) values.copyWithin(filled, 0, filled);
      return add((name) =>
        create(TensorProtoSchema, {
          name,
          dataType: DataType.FLOAT,
          dims: dims.map(BigInt),
          rawData: new Uint8Array(values.buffer),
        }),
      );
    },
    ints: (values) => add((name) => int64Tensor(name, [values.length], values)),
    int: (value) => add((name) => int64Tensor(name, [], [value])),
    float: (value) => add((name) => floatTensor(name, [], [value])),
    finish: (inputs, output) =>
      create(ModelProtoSchema, {
        irVersion: 8n,
        producerName: 'bench',
        opsetImport: [{ domain: '', version: 17n }],
        graph: {
          name: 'bench',
          node: nodes,
          initializer: initializers,
          input: inputs.map((input) => makeValueInfo(...input)),
          output: [makeValueInfo(output, DataType.FLOAT)],
        },
      }),
  };
}

/** ResNet-18 with its batch normalisations folded into the convolutions, as exporters write it: 46 values, 17 ReLUs. */
export function resnet18(): ModelProto {
  const build = builder(18);
  const convolution = (input: string, from: number, to: number, kernel: number, stride: number): string => {
    const weights = build.weight([to, from, kernel, kernel], from * kernel * kernel, Math.SQRT2);
    const pad = Math.floor(kernel / 2);
    return build.node('Conv', [input, weights, build.weight([to], to)], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  };
  const relu = (input: string) => build.node('Relu', [input]);
  let value = relu(convolution('x', 3, 64, 7, 2));
  value = build.node('MaxPool', [value], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let width = 64;
  for (const [stage, to] of [64, 128, 256, 512].entries()) {
    for (const block of [0, 1]) {
      const stride = block === 0 && stage > 0 ? 2 : 1;
      const inner = convolution(relu(convolution(value, width, to, 3, stride)), to, to, 3, 1);
      const shortcut = stride === 1 ? value : convolution(value, width, to, 1, stride);
      value = relu(build.node('Add', [inner, shortcut]));
      width = to;
    }
  }
  const pooled = build.node('Flatten', [build.node('GlobalAveragePool', [value])]);
  const logits = build.node('Gemm', [pooled, build.weight([512, 1000], 512), build.weight([1000], 1000)]);
  return build.finish([['x', DataType.FLOAT, ['N', 3, 224, 224]]], logits);
}

/**
 * GPT-2 small (12 layers, width 768, 12 heads) with GELU's tanh form spelled out and an output matrix of its own:
 * 163 million parameters, 652 MB.
 */
export function gpt2Small(): ModelProto {
  return gpt({ layers: 12, width: 768, heads: 12, vocabulary: 50_257, longest: 1024 });
}

export interface GptSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly vocabulary: number;
  /** Tokens of the longest text. */
  readonly longest: number;
}

/** The same network in another size. */
export function gpt({ layers, width, heads, vocabulary, longest }: GptSizes): ModelProto {
  const build = builder(2);
  const { node } = build;
  const norm = (input: string) =>
    node('LayerNormalization', [input, build.weight([width], 1), build.weight([width], width)], { axis: -1 });
  const linear = (input: string, from: number, to: number) =>
    node('Add', [node('MatMul', [input, build.weight([from, to], from)]), build.weight([to], to)]);
  const half = build.float(0.5);
  const one = build.float(1);
  const gelu = (input: string) => {
    const cubed = node('Pow', [input, build.float(3)]);
    const inner = node('Add', [input, node('Mul', [cubed, build.float(0.044715)])]);
    const tanh = node('Tanh', [node('Mul', [inner, build.float(Math.sqrt(2 / Math.PI))])]);
    return node('Mul', [node('Mul', [input, half]), node('Add', [tanh, one])]);
  };

  const length = node('Gather', [node('Shape', ['tokens']), build.int(1)], { axis: 0 });
  const positions = node('Range', [build.int(0), length, build.int(1)]);
  const rows = node('Unsqueeze', [positions, build.ints([1])]);
  const visible = node('GreaterOrEqual', [rows, positions]);
  const blocked = build.float(-1e4);
  const perHead = build.ints([0, 0, heads, width / heads]);
  const merged = build.ints([0, 0, width]);
  const attention = (input: string) => {
    const projected = linear(input, width, 3 * width);
    const [query, key, value] = [0, 1, 2].map((part) => {
      const bounds = [part * width, (part + 1) * width].map((bound) => build.ints([bound]));
      return node('Reshape', [node('Slice', [projected, ...bounds, build.ints([2])]), perHead]);
    }) as [string, string, string];
    const scores = node('MatMul', [
      node('Transpose', [query], { perm: [0, 2, 1, 3] }),
      node('Transpose', [key], { perm: [0, 2, 3, 1] }),
    ]);
    const scaled = node('Div', [scores, build.float(Math.sqrt(width / heads))]);
    const pattern = node('Softmax', [node('Where', [visible, scaled, blocked])], { axis: -1 });
    const mixed = node('MatMul', [pattern, node('Transpose', [value], { perm: [0, 2, 1, 3] })]);
    return linear(node('Reshape', [node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), merged]), width, width);
  };

  let value = node('Add', [
    node('Gather', [build.weight([vocabulary, width], 1), 'tokens'], { axis: 0 }),
    node('Gather', [build.weight([longest, width], 1), positions], { axis: 0 }),
  ]);
  for (let layer = 0; layer < layers; layer++) {
    value = node('Add', [value, attention(norm(value))]);
    value = node('Add', [value, linear(gelu(linear(norm(value), width, 4 * width)), 4 * width, width)]);
  }
  const logits = node('MatMul', [norm(value), build.weight([width, vocabulary], width)]);
  return build.finish([['tokens', DataType.INT64, ['N', 'T']]], logits);
}
