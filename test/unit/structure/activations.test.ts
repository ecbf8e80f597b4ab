import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import type { NodeProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { erf, FORMULAS } from '../../../src/core/graph/activations/functions.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { detectActivationLayers, layersOfEveryValue } from '../../../src/core/graph/layer-detection.js';
import { buildModuleTree } from '../../../src/core/graph/modules.js';
import { unitAxes } from '../../../src/core/graph/unit-axes.js';
import { integers, modelProto, node, scalar, weight, type GraphParts } from '../graph-builder.js';
import { neededData } from '../shared-data.js';

const graphOf = (parts: GraphParts, opset?: number): Graph => createGraph(modelProto(parts, opset));

/** x → MatMul → h → (nodes) → y → MatMul → out: an activation as it stands in a network. */
function network(nodes: readonly NodeProto[], initializers: GraphParts['initializers'] = [], opset?: number): Graph {
  return graphOf(
    {
      nodes: [
        node('MatMul', ['x', 'block.fc_in.weight'], ['h']),
        ...nodes,
        node('MatMul', ['y', 'block.fc_out.weight'], ['out']),
      ],
      outputs: ['out'],
      initializers: [weight('block.fc_in.weight', [4, 8]), weight('block.fc_out.weight', [8, 4]), ...initializers],
    },
    opset,
  );
}

const half = scalar('half', 0.5);
const one = scalar('one', 1);
const two = scalar('two', 2);
const zero = scalar('zero', 0);
const three = scalar('three', 3);
const six = scalar('six', 6);
const root = scalar('root', Math.SQRT2);
const rootReciprocal = scalar('rootReciprocal', Math.SQRT1_2);
const cubic = scalar('cubic', 0.044715);
const scale = scalar('scale', Math.sqrt(2 / Math.PI));
const beta = scalar('beta', 1.3);

describe('a function that is spelled as several nodes is one layer', () => {
  const erfPart = [node('Div', ['h', 'root'], ['a']), node('Erf', ['a'], ['b']), node('Add', ['b', 'one'], ['c'])];
  const hardSigmoid = [
    node('Add', ['h', 'three'], ['a']),
    node('Clip', ['a', 'zero', 'six'], ['b']),
    node('Div', ['b', 'six'], ['c']),
  ];
  test.each([
    [
      'Gelu (Erf)',
      'PyTorch: x·(1+erf)·0.5',
      [...erfPart, node('Mul', ['h', 'c'], ['d']), node('Mul', ['d', 'half'], ['y'])],
    ],
    [
      'Gelu (Erf)',
      'TensorFlow: (0.5·x)·(1+erf(x·0.707))',
      [
        node('Mul', ['half', 'h'], ['e']),
        node('Mul', ['h', 'rootReciprocal'], ['a']),
        node('Erf', ['a'], ['b']),
        node('Add', ['one', 'b'], ['c']),
        node('Mul', ['e', 'c'], ['y']),
      ],
    ],
    [
      'Gelu (Erf)',
      '(1+erf)·0.5 first',
      [...erfPart, node('Mul', ['c', 'half'], ['d']), node('Mul', ['d', 'h'], ['y'])],
    ],
    ['Gelu (Erf)', 'divided by two', [...erfPart, node('Mul', ['c', 'h'], ['d']), node('Div', ['d', 'two'], ['y'])]],
    [
      'Gelu (Erf)',
      'through transposes',
      [
        node('Mul', ['h', 'half'], ['e']),
        node('Transpose', ['e'], ['et']),
        node('Div', ['h', 'root'], ['a']),
        node('Transpose', ['a'], ['at']),
        node('Erf', ['at'], ['b']),
        node('Add', ['b', 'one'], ['c']),
        node('Mul', ['et', 'c'], ['y']),
      ],
    ],
    [
      'Gelu (Tanh)',
      'x³ as a power',
      [
        node('Pow', ['h', 'three'], ['a']),
        node('Mul', ['a', 'cubic'], ['b']),
        node('Add', ['h', 'b'], ['c']),
        node('Mul', ['c', 'scale'], ['d']),
        node('Tanh', ['d'], ['e']),
        node('Add', ['e', 'one'], ['f']),
        node('Mul', ['h', 'half'], ['g']),
        node('Mul', ['g', 'f'], ['y']),
      ],
    ],
    [
      'Gelu (Tanh)',
      'x³ as products',
      [
        node('Mul', ['h', 'cubic'], ['a']),
        node('Mul', ['h', 'a'], ['b']),
        node('Mul', ['h', 'b'], ['b3']),
        node('Add', ['h', 'b3'], ['c']),
        node('Mul', ['c', 'scale'], ['d']),
        node('Tanh', ['d'], ['e']),
        node('Add', ['one', 'e'], ['f']),
        node('Mul', ['half', 'f'], ['g']),
        node('Mul', ['h', 'g'], ['y']),
      ],
    ],
    ['Silu (Sigmoid)', 'x·σ(x)', [node('Sigmoid', ['h'], ['a']), node('Mul', ['a', 'h'], ['y'])]],
    [
      'Swish (Sigmoid)',
      'x·σ(1.3 x)',
      [node('Mul', ['h', 'beta'], ['b']), node('Sigmoid', ['b'], ['a']), node('Mul', ['h', 'a'], ['y'])],
    ],
    [
      'HardSwish (HardSigmoid)',
      'x·HardSigmoid(x)',
      [node('HardSigmoid', ['h'], ['a'], { attributes: { alpha: 1 / 6, beta: 0.5 } }), node('Mul', ['h', 'a'], ['y'])],
    ],
    ['HardSwish (Clip)', 'x·(clip(x+3)/6)', [...hardSigmoid, node('Mul', ['h', 'c'], ['y'])]],
    [
      'HardSwish (Clip)',
      '(x·clip(x+3))/6',
      [...hardSigmoid.slice(0, 2), node('Mul', ['h', 'b'], ['c']), node('Div', ['c', 'six'], ['y'])],
    ],
    ['HardSigmoid (Clip)', 'clip(x+3)/6', [...hardSigmoid.slice(0, 2), node('Div', ['b', 'six'], ['y'])]],
    [
      'Mish (Softplus)',
      'x·tanh(softplus(x))',
      [node('Softplus', ['h'], ['a']), node('Tanh', ['a'], ['b']), node('Mul', ['h', 'b'], ['y'])],
    ],
    ['Relu (Max)', 'max(x, 0)', [node('Max', ['h', 'zero'], ['y'])]],
    [
      'Relu (Greater)',
      'where(x > 0, x, 0)',
      [node('Greater', ['h', 'zero'], ['a']), node('Where', ['a', 'h', 'zero'], ['y'])],
    ],
    [
      'Relu (Greater)',
      'x·(x > 0)',
      [
        node('Greater', ['h', 'zero'], ['a']),
        node('Cast', ['a'], ['b'], { attributes: { to: 1n } }),
        node('Mul', ['h', 'b'], ['y']),
      ],
    ],
    ['Relu (Max)', 'max(0, x)', [node('Max', ['zero', 'h'], ['y'])]],
    [
      'Relu (Less)',
      'where(x < 0, 0, x)',
      [node('Less', ['h', 'zero'], ['a']), node('Where', ['a', 'zero', 'h'], ['y'])],
    ],
    [
      'Relu (Less)',
      'x·(0 < x)',
      [
        node('Less', ['zero', 'h'], ['a']),
        node('Cast', ['a'], ['b'], { attributes: { to: 1n } }),
        node('Mul', ['b', 'h'], ['y']),
      ],
    ],
    [
      'Relu (GreaterOrEqual)',
      'where(x ≥ 0, x, 0)',
      [node('GreaterOrEqual', ['h', 'zero'], ['a']), node('Where', ['a', 'h', 'zero'], ['y'])],
    ],
    ['Relu', 'clip(x, 0, ∞)', [node('Clip', ['h', 'zero'], ['y'])]],
    ['Relu6 (Relu)', 'min(relu(x), 6)', [node('Relu', ['h'], ['a']), node('Min', ['a', 'six'], ['y'])]],
    ['Squared Relu (Relu)', 'relu(x)²', [node('Relu', ['h'], ['a']), node('Mul', ['a', 'a'], ['y'])]],
    ['LeakyRelu (Max)', 'max(x, 0.5 x)', [node('Mul', ['h', 'half'], ['a']), node('Max', ['h', 'a'], ['y'])]],
    [
      'Sigmoid (Exp)',
      '1 / (1 + e⁻ˣ)',
      [
        node('Neg', ['h'], ['a']),
        node('Exp', ['a'], ['b']),
        node('Add', ['b', 'one'], ['c']),
        node('Div', ['one', 'c'], ['y']),
      ],
    ],
    [
      'Silu (Exp)',
      'x / (1 + e⁻ˣ)',
      [
        node('Neg', ['h'], ['a']),
        node('Exp', ['a'], ['b']),
        node('Add', ['b', 'one'], ['c']),
        node('Div', ['h', 'c'], ['y']),
      ],
    ],
    [
      'Tanh (Exp)',
      '(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)',
      [
        node('Exp', ['h'], ['a']),
        node('Neg', ['h'], ['b']),
        node('Exp', ['b'], ['c']),
        node('Sub', ['a', 'c'], ['d']),
        node('Add', ['a', 'c'], ['e']),
        node('Div', ['d', 'e'], ['y']),
      ],
    ],
    [
      'Softplus (Exp)',
      'ln(1 + eˣ)',
      [node('Exp', ['h'], ['a']), node('Add', ['a', 'one'], ['b']), node('Log', ['b'], ['y'])],
    ],
    [
      'Elu (Exp)',
      'where(x > 0, x, eˣ − 1)',
      [
        node('Exp', ['h'], ['a']),
        node('Sub', ['a', 'one'], ['b']),
        node('Greater', ['h', 'zero'], ['c']),
        node('Where', ['c', 'h', 'b'], ['y']),
      ],
    ],
    [
      'Softsign (Abs)',
      'x / (1 + |x|)',
      [node('Abs', ['h'], ['a']), node('Add', ['a', 'one'], ['b']), node('Div', ['h', 'b'], ['y'])],
    ],
  ])('%s, spelled %s', (operator, _spelling, nodes) => {
    const graph = network(nodes, [half, one, two, zero, three, six, root, rootReciprocal, cubic, scale, beta]);
    expect(detectActivationLayers(graph).map((layer) => [layer.value, layer.operator])).toEqual([['y', operator]]);
  });

  test('a sigmoid that gates another branch stays a layer of its own', () => {
    const graph = network(
      [node('MatMul', ['x', 'gate.weight'], ['g']), node('Sigmoid', ['g'], ['s']), node('Mul', ['h', 's'], ['y'])],
      [weight('gate.weight', [4, 8])],
    );
    expect(detectActivationLayers(graph)).toMatchObject([
      { value: 's', operator: 'Sigmoid', family: 'saturating', label: 'gate' },
    ]);
  });

  test('in a gated MLP the layer is the gate after its activation', () => {
    const graph = network(
      [
        node('Sigmoid', ['h'], ['s']),
        node('Mul', ['h', 's'], ['act']),
        node('MatMul', ['x', 'block.up.weight'], ['up']),
        node('Mul', ['act', 'up'], ['y']),
      ],
      [weight('block.up.weight', [4, 8])],
    );
    expect(detectActivationLayers(graph)).toMatchObject([{ value: 'act', label: 'block.fc_in', family: 'smooth' }]);
  });

  test('the same function in another layout is not found twice', () => {
    const graph = network([
      node('Relu', ['h'], ['a']),
      node('Transpose', ['a'], ['b']),
      node('Identity', ['b'], ['y']),
    ]);
    expect(detectActivationLayers(graph).map((layer) => layer.value)).toEqual(['a']);
  });

  test('a maximum that keeps a variance positive is no activation', () => {
    const graph = network(
      [
        node('Mul', ['h', 'h'], ['sq']),
        node('ReduceMean', ['sq'], ['mean']),
        node('Max', ['mean', 'zero'], ['safe']),
        node('Sqrt', ['safe'], ['std']),
        node('Div', ['h', 'std'], ['y']),
      ],
      [zero],
    );
    expect(detectActivationLayers(graph)).toEqual([]);
  });
});

describe('operators that are activations', () => {
  test.each([
    ['Relu', {}, 'rectifier', { lower: 0 }],
    ['LeakyRelu', { alpha: 0.1 }, 'smooth', {}],
    ['LeakyRelu', { alpha: 0 }, 'rectifier', { lower: 0 }],
    ['Elu', { alpha: 1.5 }, 'smooth', { lower: -1.5 }],
    ['Celu', {}, 'smooth', { lower: -1 }],
    ['ThresholdedRelu', { alpha: 1 }, 'rectifier', { lower: 0 }],
    ['Gelu', {}, 'smooth', { lower: -0.17 }],
    ['Tanh', {}, 'saturating', { lower: -1, upper: 1 }],
    ['Sigmoid', {}, 'saturating', { lower: 0, upper: 1 }],
    ['HardSwish', {}, 'rectifier', { lower: -0.375 }],
    ['Mish', {}, 'smooth', { lower: -0.3089 }],
    ['Softplus', {}, 'smooth', { lower: 0 }],
    ['Softmax', {}, 'distribution', { lower: 0, upper: 1 }],
  ])('%s %j', (opType, attributes, family, range) => {
    const [layer] = detectActivationLayers(network([node(opType, ['h'], ['y'], { attributes })]));
    expect(layer).toMatchObject({ value: 'y', operator: opType, family });
    expect(layer?.range).toEqual(range);
  });

  test.each(['Gelu', 'FastGelu', 'QuickGelu', 'BiasGelu'])('%s of ONNX Runtime', (opType) => {
    const graph = network([node(opType, ['h'], ['y'], { domain: 'com.microsoft' })]);
    expect(detectActivationLayers(graph)).toMatchObject([{ value: 'y', family: 'smooth' }]);
  });

  test('Clip at 0 and 6 is ReLU6, also with the attributes of old operator sets', () => {
    const inputs = network([node('Clip', ['h', 'zero', 'six'], ['y'])], [zero, six]);
    const attributes = network([node('Clip', ['h'], ['y'], { attributes: { min: 0, max: 6 } })], [], 9);
    for (const graph of [inputs, attributes]) {
      expect(detectActivationLayers(graph)).toMatchObject([{ operator: 'Relu6', range: { lower: 0, upper: 6 } }]);
    }
  });

  test('Clip that only protects what follows is no activation', () => {
    const bounds = [scalar('low', -20), scalar('high', 2)];
    expect(detectActivationLayers(network([node('Clip', ['h', 'low', 'high'], ['y'])], bounds))).toEqual([]);
  });

  test('an operator of a foreign domain is not taken for the standard one', () => {
    expect(detectActivationLayers(network([node('Relu', ['h'], ['y'], { domain: 'my.domain' })]))).toEqual([]);
  });

  test('a recurrent layer is its hidden state: all of it where that is read, else the last', () => {
    const lstm = (outputs: readonly string[]) =>
      graphOf({
        nodes: [
          node('LSTM', ['x', 'rnn.W', 'rnn.R'], outputs, { attributes: { hidden_size: 5n } }),
          node('Identity', ['y'], ['out']),
        ],
        outputs: ['out'],
        initializers: [weight('rnn.W', [1, 20, 3]), weight('rnn.R', [1, 20, 5])],
      });
    expect(detectActivationLayers(lstm(['y', 'h']))).toMatchObject([{ value: 'y', family: 'recurrent', label: 'rnn' }]);
    expect(detectActivationLayers(lstm(['all', 'y']))).toMatchObject([{ value: 'y', family: 'recurrent' }]);
  });

  test('a softmax or sigmoid that only leaves the graph is its answer, not a layer', () => {
    for (const opType of ['Softmax', 'Sigmoid', 'Tanh']) {
      const direct = graphOf({ nodes: [node('Relu', ['x'], ['h']), node(opType, ['h'], ['y'])], outputs: ['y'] });
      const reshaped = graphOf({
        nodes: [node('Relu', ['x'], ['h']), node(opType, ['h'], ['p']), node('Reshape', ['p', 'shape'], ['y'])],
        outputs: ['y'],
        initializers: [integers('shape', [1, -1])],
      });
      for (const graph of [direct, reshaped])
        expect(detectActivationLayers(graph).map(({ value }) => value)).toEqual(['h']);
    }
  });

  test('an output that is also read inside stays a layer', () => {
    const graph = graphOf({
      nodes: [node('Sigmoid', ['x'], ['p']), node('Conv', ['p', 'w'], ['z'])],
      outputs: ['p', 'z'],
      initializers: [weight('w', [2, 1, 1, 1])],
    });
    expect(detectActivationLayers(graph).map(({ value }) => value)).toEqual(['p']);
  });
});

describe('formulas', () => {
  test('erf agrees with tabulated values (Abramowitz and Stegun, table 7.1)', () => {
    expect(erf(0.5)).toBeCloseTo(0.5204998778, 10);
    expect(erf(1)).toBeCloseTo(0.8427007929, 10);
    expect(erf(-2)).toBeCloseTo(-0.995322265, 9);
  });

  test.each(Object.values(FORMULAS).map((row) => [row.name, row] as const))(
    '%s keeps within its range and comes near it',
    (_, row) => {
      const values = Array.from({ length: 4001 }, (_, step) => row.formula((step - 2000) / 100));
      const { lower = -Infinity, upper = Infinity } = row.range as { lower?: number; upper?: number };
      const smallest = Math.min(...values);
      const largest = Math.max(...values);
      expect(smallest).toBeGreaterThanOrEqual(lower);
      expect(largest).toBeLessThanOrEqual(upper);
      if (Number.isFinite(lower)) expect(smallest - lower).toBeLessThan(0.05);
      if (Number.isFinite(upper)) expect(upper - largest).toBeLessThan(0.05);
    },
  );
});

describe('labels', () => {
  const labelsOf = (graph: Graph): readonly string[] => detectActivationLayers(graph).map(({ label }) => label);
  const conv = (input: string, output: string, weightName: string, name = '') =>
    node('Conv', [input, weightName], [output], { name });
  const weights = (...names: string[]) => names.map((name) => weight(name, [2, 2, 1, 1]));

  test('the scope of the activation’s own node comes first', () => {
    const graph = graphOf({
      nodes: [
        conv('x', 'a', 'w1', '/stem/conv/Conv'),
        node('Relu', ['a'], ['b'], { name: '/stem/relu/Relu' }),
        conv('b', 'c', 'w2', '/layer1/layer1.0/conv1/Conv'),
        node('Relu', ['c'], ['d'], { name: '/layer1/layer1.0/relu/Relu' }),
        conv('d', 'y', 'w3', '/head/Conv'),
      ],
      outputs: ['y'],
      initializers: weights('w1', 'w2', 'w3'),
    });
    expect(labelsOf(graph)).toEqual(['stem.relu', 'layer1.0.relu']);
  });

  test('without one, the module of the weight before it', () => {
    const graph = graphOf({
      nodes: [
        conv('x', 'a', 'layer2.0.conv1.weight', 'Conv_0'),
        node('Relu', ['a'], ['b'], { name: 'Relu_1' }),
        conv('b', 'c', 'layer2.0.conv2.weight', 'Conv_2'),
        conv('x', 's', 'layer2.0.shortcut.0.weight', 'Conv_3'),
        node('Add', ['c', 's'], ['d'], { name: 'Add_4' }),
        node('Relu', ['d'], ['e'], { name: 'Relu_5' }),
        conv('e', 'f', 'onnx::Conv_77', 'Conv_6'),
        node('Relu', ['f'], ['g'], { name: 'Relu_7' }),
        conv('g', 'y', 'head.weight', 'Conv_8'),
      ],
      outputs: ['y'],
      initializers: weights(
        'layer2.0.conv1.weight',
        'layer2.0.conv2.weight',
        'layer2.0.shortcut.0.weight',
        'onnx::Conv_77',
        'head.weight',
      ),
    });
    // After a sum only the block is certain; after a nameless convolution nothing is.
    expect(labelsOf(graph)).toEqual(['layer2.0.conv1', 'layer2.0.add', 'Relu_7']);
  });

  test('TensorFlow scopes lose the wrapper that everything shares', () => {
    const graph = graphOf({
      nodes: [
        node('MatMul', ['x', 'model/dense/MatMul/ReadVariableOp:0'], ['a'], { name: 'model/dense/MatMul' }),
        node('Relu', ['a'], ['model/dense/Relu:0'], { name: 'model/dense/Relu' }),
        node('MatMul', ['model/dense/Relu:0', 'model/dense_1/MatMul/ReadVariableOp:0'], ['b'], {
          name: 'model/dense_1/MatMul',
        }),
        node('Relu', ['b'], ['c'], { name: 'model/dense_1/Relu' }),
        node('Identity', ['c'], ['y'], { name: 'Identity__7' }),
      ],
      outputs: ['y'],
      initializers: weights('model/dense/MatMul/ReadVariableOp:0', 'model/dense_1/MatMul/ReadVariableOp:0'),
    });
    expect(labelsOf(graph)).toEqual(['dense', 'dense_1']);
  });

  test('PyTorch’s newer exporter keeps scopes beside the node', () => {
    const metadata = { 'pkg.torch.onnx.name_scopes': "['', 'encoder', 'encoder.0', 'encoder.0.act', 'relu']" };
    const other = { 'pkg.torch.onnx.name_scopes': "['', 'head', 'linear']" };
    const graph = graphOf({
      nodes: [
        node('Relu', ['x'], ['relu'], { name: 'node_relu', metadata }),
        node('MatMul', ['relu', 'head.weight'], ['y'], { name: 'node_linear', metadata: other }),
      ],
      outputs: ['y'],
      initializers: weights('head.weight'),
    });
    expect(labelsOf(graph)).toEqual(['encoder.0.act']);
  });

  test('names that only count are replaced by operator and number, CNTK’s are kept', () => {
    const graph = graphOf({
      nodes: [
        conv('x', '9', '1'),
        node('Relu', ['9'], ['10']),
        conv('10', '11', '3'),
        node('Relu', ['11'], ['12']),
        conv('12', '13', '5'),
        node('Relu', ['13'], ['ReLU32_Output_0'], { name: 'ReLU32' }),
      ],
      outputs: ['ReLU32_Output_0'],
      initializers: weights('1', '3', '5'),
    });
    expect(labelsOf(graph)).toEqual(['Relu 1', 'Relu 2', 'ReLU32']);
  });

  test('labels are unique and free of characters that deceive', () => {
    const name = '/a\u202e/act/Relu';
    const graph = graphOf({
      nodes: [
        conv('x', 'a', 'w', '/b/Conv'),
        node('Relu', ['a'], ['b'], { name }),
        node('Relu', ['b'], ['c'], { name }),
        node('Relu', ['c'], ['y'], { name }),
      ],
      outputs: ['y'],
      initializers: weights('w'),
    });
    expect(labelsOf(graph)).toEqual(['a\ufffd.act', 'a\ufffd.act (2)', 'a\ufffd.act (3)']);
  });
});

describe('every value', () => {
  test('holds all floating-point values that depend on the input, and keeps activations as they are', () => {
    const graph = network(
      [
        node('Shape', ['h'], ['shape']),
        node('Cast', ['h'], ['whole'], { attributes: { to: 7n } }),
        node('Add', ['half', 'one'], ['constant']),
        node('Greater', ['h', 'constant'], ['mask']),
        node('Relu', ['h'], ['y']),
      ],
      [half, one],
    );
    expect(layersOfEveryValue(graph).map(({ value, family }) => [value, family])).toEqual([
      ['h', 'value'],
      ['y', 'rectifier'],
      ['out', 'value'],
    ]);
  });

  test('leaves out what repeats another value, lies inside a spelled-out function, or waits for its bias', () => {
    const graph = graphOf({
      nodes: [
        node('MatMul', ['x', 'w'], ['product']),
        node('Add', ['bias', 'product'], ['h']),
        node('Sigmoid', ['h'], ['gate']),
        node('Mul', ['h', 'gate'], ['silu']),
        node('Transpose', ['silu'], ['turned']),
        node('Concat', ['turned', 'x'], ['both'], { attributes: { axis: 0n } }),
        node('Add', ['both', 'both'], ['double']),
        node('Split', ['double'], ['left', 'right'], { attributes: { axis: 1n } }),
        node('MatMul', ['left', 'w'], ['logits']),
      ],
      outputs: ['logits'],
      initializers: [weight('w', [4, 4]), weight('bias', [4])],
    });
    expect(layersOfEveryValue(graph).map(({ value }) => value)).toEqual(['h', 'silu', 'double', 'logits']);
  });

  test('keeps a product whose sum with a bias is not the only thing made of it, or leaves the model itself', () => {
    const graph = graphOf({
      nodes: [
        node('MatMul', ['x', 'w'], ['read twice']),
        node('Add', ['read twice', 'bias'], ['a']),
        node('Mul', ['read twice', 'a'], ['b']),
        node('MatMul', ['b', 'w'], ['output']),
        node('Add', ['output', 'bias'], ['c']),
        node('MatMul', ['c', 'w'], ['residual']),
        node('Add', ['residual', 'c'], ['d']),
      ],
      outputs: ['output', 'd'],
      initializers: [weight('w', [4, 4]), weight('bias', [4])],
    });
    expect(layersOfEveryValue(graph).map(({ value }) => value)).toEqual([
      'read twice',
      'a',
      'b',
      'output',
      'c',
      'residual',
      'd',
    ]);
  });
});

describe('axes that name units', () => {
  const w4 = weight('w', [8, 3, 3, 3]);
  const w2 = weight('w', [3, 8]);
  test.each<[string, GraphParts, string, number, number[]]>([
    [
      'channels of a convolution, through normalisation and activation',
      {
        nodes: [node('Conv', ['x', 'w'], ['a']), node('BatchNormalization', ['a'], ['b']), node('Relu', ['b'], ['y'])],
        initializers: [w4],
      },
      'y',
      4,
      [1],
    ],
    [
      'channels of a 1-D convolution',
      { nodes: [node('Conv', ['x', 'w'], ['a']), node('Relu', ['a'], ['y'])], initializers: [weight('w', [8, 3, 3])] },
      'y',
      3,
      [1],
    ],
    [
      'channels moved last',
      {
        nodes: [
          node('Conv', ['x', 'w'], ['a']),
          node('Transpose', ['a'], ['b'], { attributes: { perm: [0, 2, 3, 1] } }),
          node('Relu', ['b'], ['y']),
        ],
        initializers: [w4],
      },
      'y',
      4,
      [3],
    ],
    [
      'features of tokens',
      { nodes: [node('MatMul', ['x', 'w'], ['a']), node('Gelu', ['a'], ['y'])], initializers: [w2] },
      'y',
      3,
      [2],
    ],
    ['a weight on the left', { nodes: [node('MatMul', ['w', 'x'], ['y'])], initializers: [w2] }, 'y', 3, [1]],
    [
      'neurons of a dense layer',
      { nodes: [node('Gemm', ['x', 'w'], ['a']), node('Relu', ['a'], ['y'])], initializers: [w2] },
      'y',
      2,
      [1],
    ],
    ['an LSTM: direction and hidden unit', { nodes: [node('LSTM', ['x', 'w', 'r'], ['y'])] }, 'y', 4, [1, 3]],
    [
      'an LSTM with the batch first',
      { nodes: [node('LSTM', ['x', 'w', 'r'], ['y'], { attributes: { layout: 1n } })] },
      'y',
      4,
      [2, 3],
    ],
    [
      'an LSTM whose one direction was squeezed away',
      {
        nodes: [node('LSTM', ['x', 'w', 'r'], ['a']), node('Squeeze', ['a', 'axes'], ['y'])],
        initializers: [integers('axes', [1])],
      },
      'y',
      3,
      [2],
    ],
    [
      'heads of an attention pattern',
      { nodes: [node('MatMul', ['q', 'k'], ['s']), node('Softmax', ['s'], ['y'])], inputs: ['q', 'k'] },
      'y',
      4,
      [1],
    ],
    [
      'head and feature of what attention mixes',
      { nodes: [node('MatMul', ['q', 'k'], ['y'])], inputs: ['q', 'k'] },
      'y',
      4,
      [1, 3],
    ],
    [
      'only a bias per channel is known',
      { nodes: [node('If', ['x'], ['a']), node('Add', ['a', 'bias'], ['y'])], initializers: [weight('bias', [8, 1])] },
      'y',
      3,
      [1],
    ],
    ['nothing is known of three axes', { nodes: [node('Relu', ['x'], ['y'])] }, 'y', 3, [2]],
    ['nothing is known of four axes', { nodes: [node('Relu', ['x'], ['y'])] }, 'y', 4, [1]],
    ['a scalar has none', { nodes: [node('Relu', ['x'], ['y'])] }, 'y', 0, []],
  ])('%s', (_, parts, value, rank, expected) => {
    expect(unitAxes(graphOf(parts), value, rank)).toEqual(expected);
  });
});

describe('real models', () => {
  const graphAt = (path: string): Graph => createGraph(decodeOnnx(readFileSync(path)));

  test.for<[string, number, string[]]>([
    ['derived/resnet20-12fca82f.onnx', 19, ['conv1', 'layer1.0.conv1', 'layer1.0.out']],
    [
      'vision-classification/cifar10_resnet_2b.onnx',
      6,
      ['conv1', 'layer1.0.conv1', 'layer1.0.add', 'layer1.1.conv1', 'layer1.1.add', 'linear1'],
    ],
    ['vision-classification/mnist-8-cntk.onnx', 2, ['ReLU32', 'ReLU114']],
    ['derived/stories260K.onnx', 10, ['layers.0.attn.pattern', 'layers.0.mlp.w1']],
    ['acasxu/ACASXU_1_1.onnx', 6, ['Operation_1', 'Operation_2']],
    ['audio/silero_vad_16k_op15.onnx', 6, ['encoder.0.activation', 'encoder.1.activation']],
    ['text/magika_standard_v2_1.onnx', 2, ['dense', 'conv1d']],
    ['rl-policy/mujoco_g1_policy.onnx', 3, ['MLP_0_1.hidden_0_1']],
    ['detection-ocr/yunet_n_320_320.onnx', 18, ['Relu_1', 'backbone.model0.conv2']],
    ['derived/textgenrnn_base.onnx', 3, ['rnn_1', 'rnn_2', 'attention_weights']],
  ])('%s has %i layers with names a person knows', ([file, count, first], { skip }) => {
    const labels = detectActivationLayers(graphAt(neededData(file, skip))).map(({ label }) => label);
    expect(labels).toHaveLength(count);
    expect(labels.slice(0, first.length)).toEqual(first);
  });

  test('every case of the ONNX conformance suite is read without a defect', { timeout: 120_000 }, ({ skip }) => {
    const suite = neededData('onnx-conformance', skip);
    const files = readdirSync(suite, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('model.onnx'),
    );
    expect(files.length).toBeGreaterThan(1000);
    for (const file of files) {
      const graph = graphAt(join(suite, file));
      const layers = [...detectActivationLayers(graph), ...layersOfEveryValue(graph)];
      for (const { value } of layers) {
        expect(graph.producerOf(value)?.outputs).toContain(value);
        for (const rank of [1, 2, 3, 4, 5]) expect(unitAxes(graph, value, rank)).not.toEqual([]);
      }
      expect(buildModuleTree(graph).root.nodeCount).toBe(
        graph.nodes.filter(({ opType }) => opType !== 'Constant').length,
      );
    }
  });
});
