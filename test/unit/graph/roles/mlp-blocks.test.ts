import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeOnnx } from '../../../../src/core/formats/onnx/decode.js';
import { createGraph, type Graph } from '../../../../src/core/graph/graph.js';
import { findRoles, type MlpBlock } from '../../../../src/core/graph/roles/roles.js';
import { modelProto, node, weight, type GraphParts } from '../../graph-builder.js';
import { neededData } from '../../shared-data.js';

const graphOf = (parts: GraphParts): Graph => createGraph(modelProto(parts));

function onlyBlock(parts: GraphParts): MlpBlock {
  const { mlpBlocks } = findRoles(graphOf(parts));
  const [block, ...others] = mlpBlocks;
  if (block === undefined) return expect.fail('no block');
  expect(others).toEqual([]);
  return block;
}

describe('plain blocks', () => {
  test('MatMul + bias, Relu, MatMul + bias', () => {
    const block = onlyBlock({
      nodes: [
        node('MatMul', ['x', 'in.w'], ['h']),
        node('Add', ['h', 'in.b'], ['pre']),
        node('Relu', ['pre'], ['post']),
        node('MatMul', ['post', 'out.w'], ['p']),
        node('Add', ['out.b', 'p'], ['y']),
      ],
      outputs: ['y'],
      initializers: [weight('in.w', [4, 8]), weight('in.b', [8]), weight('out.w', [8, 3]), weight('out.b', [3])],
    });
    expect(block).toMatchObject({
      kind: 'plain',
      input: 'x',
      preActivation: 'pre',
      activation: 'post',
      neurons: 'post',
      hidden: 8,
      output: 'y',
      up: { bias: 'in.b', output: 'pre', product: 'h' },
      down: { input: 'post', inputs: 8, outputs: 3, inputAxis: 0, bias: 'out.b', weight: { tensor: 'out.w' } },
    });
    expect(block.gate).toBeUndefined();
  });

  test('Gemm with a transposed weight: neurons are the second axis of down', () => {
    const block = onlyBlock({
      nodes: [
        node('Gemm', ['x', 'in.w', 'in.b'], ['pre'], { attributes: { transB: 1n } }),
        node('Tanh', ['pre'], ['post']),
        node('Gemm', ['post', 'out.w'], ['y'], { attributes: { transB: 1n } }),
      ],
      outputs: ['y'],
      initializers: [weight('in.w', [8, 4]), weight('in.b', [8]), weight('out.w', [3, 8])],
    });
    expect(block.down).toMatchObject({ inputAxis: 1, outputAxis: 0, inputs: 8, outputs: 3 });
    expect(block.up.bias).toBe('in.b');
  });

  test('a weight behind a Transpose and a DequantizeLinear is followed to the tensor of the file', () => {
    const block = onlyBlock({
      nodes: [
        node('MatMul', ['x', 'in.w'], ['pre']),
        node('Relu', ['pre'], ['post']),
        node('DequantizeLinear', ['out.q', 'scale', 'zero'], ['dq']),
        node('Transpose', ['dq'], ['turned'], { attributes: { perm: [1, 0] } }),
        node('MatMul', ['post', 'turned'], ['y']),
      ],
      outputs: ['y'],
      initializers: [weight('in.w', [4, 8]), weight('out.q', [3, 8]), weight('scale', [1]), weight('zero', [1])],
    });
    expect(block.down.weight).toEqual({ value: 'turned', tensor: 'out.q', dims: [8, 3], tensorAxes: [1, 0] });
  });

  test('layout changes and batch normalisation stand between; a softmax, a second reader or a pool refuse', () => {
    const initializers = [
      weight('in.w', [8, 3, 3, 3]),
      weight('out.w', [5, 8, 1, 1]),
      ...['scale', 'shift', 'mean', 'variance'].map((name) => weight(name, [8])),
    ];
    const between = (nodes: GraphParts['nodes']): GraphParts => ({
      nodes: [node('Conv', ['x', 'in.w'], ['c']), ...nodes, node('Conv', ['post', 'out.w'], ['y'])],
      outputs: ['y'],
      initializers,
    });
    const normalised = node('BatchNormalization', ['c', 'scale', 'shift', 'mean', 'variance'], ['n']);
    expect(onlyBlock(between([normalised, node('Relu', ['n'], ['post'])]))).toMatchObject({
      kind: 'convolutional',
      preActivation: 'n',
      up: { output: 'c' },
      hidden: 8,
    });
    for (const nodes of [
      [node('Softmax', ['c'], ['post'])],
      [node('Relu', ['c'], ['post']), node('Neg', ['post'], ['other'])],
      [node('Relu', ['c'], ['r']), node('MaxPool', ['r'], ['post'], { attributes: { kernel_shape: [2, 2] } })],
    ]) {
      const { mlpBlocks, noMlpBlocks } = findRoles(graphOf(between(nodes)));
      expect(mlpBlocks).toEqual([]);
      expect(noMlpBlocks).toMatch(/^This graph has no MLP block, an activation function between two linear layers/);
    }
  });
});

describe('gated blocks', () => {
  const weights = [weight('gate.w', [4, 8]), weight('up.w', [4, 8]), weight('down.w', [8, 4])];

  test.each([[['post', 'u']], [['u', 'post']]])('the product may be written %j', (factors) => {
    const block = onlyBlock({
      nodes: [
        node('MatMul', ['x', 'gate.w'], ['g']),
        node('Sigmoid', ['g'], ['s']),
        node('Mul', ['g', 's'], ['post']),
        node('MatMul', ['x', 'up.w'], ['u']),
        node('Mul', factors, ['neurons']),
        node('MatMul', ['neurons', 'down.w'], ['y']),
      ],
      outputs: ['y'],
      initializers: weights,
    });
    expect(block).toMatchObject({
      kind: 'gated',
      preActivation: 'g',
      activation: 'post',
      neurons: 'neurons',
      gate: { weight: { tensor: 'gate.w' } },
      up: { weight: { tensor: 'up.w' } },
      hidden: 8,
    });
  });

  test('gate and up may be two halves of one linear layer', () => {
    const block = onlyBlock({
      nodes: [
        node('MatMul', ['x', 'both.w'], ['both']),
        node('Split', ['both'], ['a', 'b'], { attributes: { axis: -1n } }),
        node('Gelu', ['b'], ['post']),
        node('Mul', ['a', 'post'], ['neurons']),
        node('MatMul', ['neurons', 'down.w'], ['y']),
      ],
      outputs: ['y'],
      initializers: [weight('both.w', [4, 16]), weight('down.w', [8, 4])],
    });
    expect(block).toMatchObject({ kind: 'gated', hidden: 8, parts: { up: 0, gate: 1, of: 2 } });
  });

  test('a product with a linear layer of another input is no gate', () => {
    const { mlpBlocks } = findRoles(
      graphOf({
        nodes: [
          node('MatMul', ['x', 'gate.w'], ['g']),
          node('Sigmoid', ['g'], ['post']),
          node('Exp', ['x'], ['z']),
          node('MatMul', ['z', 'up.w'], ['u']),
          node('Mul', ['post', 'u'], ['neurons']),
          node('MatMul', ['neurons', 'down.w'], ['y']),
        ],
        outputs: ['y'],
        initializers: weights,
      }),
    );
    expect(mlpBlocks).toEqual([]);
  });
});

describe('convolutions', () => {
  const bottleneck = (expanded: number, out: number): GraphParts => ({
    nodes: [
      node('Conv', ['x', 'up.w'], ['a']),
      node('Relu', ['a'], ['ra']),
      node('Conv', ['ra', 'depth.w'], ['b'], { attributes: { group: BigInt(expanded) } }),
      node('Relu', ['b'], ['rb']),
      node('Conv', ['rb', 'down.w'], ['y']),
    ],
    outputs: ['y'],
    initializers: [
      weight('up.w', [expanded, 4, 1, 1]),
      weight('depth.w', [expanded, 1, 3, 3]),
      weight('down.w', [out, expanded, 1, 1]),
    ],
  });

  test('pointwise up, depthwise, pointwise down', () => {
    expect(onlyBlock(bottleneck(24, 4))).toMatchObject({
      kind: 'inverted-bottleneck',
      input: 'x',
      up: { weight: { tensor: 'up.w' } },
      depthwise: { weight: { tensor: 'depth.w' } },
      neurons: 'rb',
      hidden: 24,
    });
  });

  test('without widening, a depthwise and a pointwise convolution are a convolutional block', () => {
    expect(onlyBlock(bottleneck(4, 8))).toMatchObject({ kind: 'convolutional', up: { weight: { tensor: 'depth.w' } } });
  });
});

describe('real models', () => {
  /** Counts were checked by hand against the networks' descriptions. */
  test.for<readonly [path: string, kinds: Record<string, number>]>([
    ['derived/stories260K.onnx', { gated: 5 }],
    ['derived/routing_transformer.onnx', { plain: 2 }],
    ['derived/modadd113_seed0.onnx', { plain: 1 }],
    ['derived/resnet20-12fca82f.onnx', { convolutional: 9 }],
    ['derived/resnet56-4bfd9763.onnx', { convolutional: 27 }],
    ['derived/textgenrnn_base.onnx', {}],
    ['acasxu/ACASXU_1_1.onnx', { plain: 6 }],
    ['mlp-control/tanh_test.onnx', { plain: 2 }],
    ['rl-policy/mujoco_go1_policy.onnx', { plain: 3 }],
    ['vision-classification/mnist2x10.onnx', { plain: 2 }],
    ['vision-classification/cifar10_resnet_2b.onnx', { convolutional: 2, plain: 1 }],
    ['vision-classification/mnist-8-cntk.onnx', {}],
    ['detection-ocr/ultraface_RFB-320.onnx', { convolutional: 22 }],
    ['image-to-image/superres_ort_js.onnx', { convolutional: 3 }],
    ['text/nnsplit_en.onnx', {}],
    ['audio/dtln_model_1.onnx', {}],
  ])('%s: %j', ([path, kinds], { skip }) => {
    const roles = findRoles(createGraph(decodeOnnx(readFileSync(neededData(path, skip)))));
    expect(count(roles.mlpBlocks)).toEqual(kinds);
    expect(roles.noMlpBlocks === undefined).toBe(roles.mlpBlocks.length > 0);
  });

  test.each([
    ['grammar-gpt/grammar-gpt.onnx', { plain: 4 }],
    ['shapes/shapes-resnet.onnx', { convolutional: 6 }],
  ])('the sample %s: %j', (path, kinds) => {
    const file = new URL(`../../../../media/samples/${path}`, import.meta.url);
    expect(count(findRoles(createGraph(decodeOnnx(readFileSync(file)))).mlpBlocks)).toEqual(kinds);
  });
});

function count(blocks: readonly MlpBlock[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of blocks) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
