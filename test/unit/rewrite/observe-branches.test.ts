import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { unitAxes } from '../../../src/core/graph/unit-axes.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { exposeBranches } from '../../../src/core/rewrite/observe-branches.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import type { NamedTensors, Tensor } from '../../../src/core/tensor/tensor.js';
import { ENGINES, runnable } from '../engine/engines.js';
import { graphProto, modelProto, node, valueInfo } from '../graph-builder.js';
import { neededData } from '../shared-data.js';

const float = (dims: readonly number[], data: readonly number[]): Tensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(data),
});
const flag = (value: boolean): Tensor => ({ type: 'bool', dims: [], data: Uint8Array.of(value ? 1 : 0) });

/** y = choose ? −relu(x) : inner ? tanh(x) : −x, the tanh in a branch of a branch. */
const nested = modelProto({
  nodes: [
    node('If', ['choose'], ['y'], {
      attributes: {
        then_branch: graphProto({
          nodes: [node('Relu', ['x'], ['r']), node('Neg', ['r'], ['t'])],
          inputs: [],
          outputs: ['t'],
        }),
        else_branch: graphProto({
          nodes: [
            node('If', ['inner'], ['n'], {
              attributes: {
                then_branch: graphProto({
                  nodes: [node('Tanh', ['x'], ['h']), node('Neg', ['h'], ['ht'])],
                  inputs: [],
                  outputs: ['ht'],
                }),
                else_branch: graphProto({ nodes: [node('Identity', ['x'], ['hi'])], inputs: [], outputs: ['hi'] }),
              },
            }),
            node('Neg', ['n'], ['e']),
          ],
          inputs: [],
          outputs: ['e'],
        }),
      },
    }),
  ],
  inputs: [
    valueInfo('x', [2, 2]),
    makeValueInfo('choose', DataType.BOOL, []),
    makeValueInfo('inner', DataType.BOOL, []),
  ],
  outputs: [valueInfo('y')],
});

describe.each(ENGINES)('activations inside branches, $name', ({ load }) => {
  const run = async (model: ModelProto, outputs: readonly string[], feeds: NamedTensors): Promise<NamedTensors> => {
    const engine = await load();
    const session = await engine.open(runnable(prune(model, outputs)), { threads: 1 });
    try {
      return await session.run(
        Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name))),
      );
    } finally {
      await session.release();
    }
  };

  test('the branch that runs gives its activation, the other an empty tensor; the answer stays', async () => {
    const { model, layers } = exposeBranches(nested);
    expect(layers.map(({ label, operator }) => [label, operator])).toEqual([
      ['Relu 1', 'Relu'],
      ['Tanh 1', 'Tanh'],
    ]);
    const values = layers.map(({ value }) => value);
    const x = float([2, 2], [-1, 0.5, 2, -3]);
    const cases = [
      { choose: true, inner: true, relu: [0, 0.5, 2, 0], tanh: [], y: [0, -0.5, -2, 0] },
      {
        choose: false,
        inner: true,
        relu: [],
        tanh: [-1, 0.5, 2, -3].map(Math.tanh),
        y: [-1, 0.5, 2, -3].map(Math.tanh),
      },
      { choose: false, inner: false, relu: [], tanh: [], y: [1, -0.5, -2, 3] },
    ];
    for (const { choose, inner, relu, tanh, y } of cases) {
      const found = await run(model, ['y', ...values], { x, choose: flag(choose), inner: flag(inner) });
      const numbers = (name: string | undefined): number[] => Array.from(found[name ?? '']?.data as Float32Array);
      numbers('y').forEach((value, at) => expect(value).toBeCloseTo(y[at] ?? NaN, 6));
      expect(numbers(values[0])).toEqual(relu);
      expect(numbers(values[1])).toHaveLength(tanh.length);
      numbers(values[1]).forEach((value, at) => expect(value).toBeCloseTo(tanh[at] ?? NaN, 5));
    }
  });

  test.for<[string, number, string, number[]]>([
    ['audio/silero_vad.onnx', 16, 'encoder.0.activation (then)', [1, 128, 4]],
    ['audio/silero_vad_16k_op15.onnx', 2, 'decoder.rnn', [1, 1, 128]],
  ])('%s: its layers come into view and its answer stays', async ([file, count, label, dims], { skip }) => {
    const original = decodeOnnx(readFileSync(neededData(file, skip)));
    const { model, layers } = exposeBranches(original);
    expect(layers).toHaveLength(count);
    const feeds: NamedTensors = {
      input: float(
        [1, 576],
        Array.from({ length: 576 }, (_, at) => 0.3 * Math.sin(at * 0.2)),
      ),
      state: float(
        [2, 1, 128],
        Array.from({ length: 256 }, () => 0),
      ),
      sr: { type: 'int64', dims: [], data: BigInt64Array.of(16000n) },
    };
    const before = await run(original, ['output'], feeds);
    const after = await run(model, ['output', ...layers.map(({ value }) => value)], feeds);
    expect(after['output']).toEqual(before['output']);
    const shapes = layers.map(({ label: name, value }) => [name, after[value]?.dims]);
    expect(shapes).toContainEqual([label, dims]);
  });
});

describe('exposed values', () => {
  test('keep their unit axes, which the branch tells', () => {
    const branch = (output: string) =>
      graphProto({ nodes: [node('LSTM', ['x', 'w', 'r'], ['all', output])], inputs: [], outputs: [output] });
    const { model, layers } = exposeBranches(
      modelProto({
        nodes: [node('If', ['choose'], ['y'], { attributes: { then_branch: branch('a'), else_branch: branch('b') } })],
        inputs: ['x', 'w', 'r', makeValueInfo('choose', DataType.BOOL, [])],
        outputs: ['y'],
      }),
    );
    expect(layers.map(({ label }) => label)).toEqual(['LSTM 1 (then)', 'LSTM 1 (else)']);
    const graph = createGraph(model);
    for (const { value } of layers) expect(unitAxes(graph, value, 3)).toEqual([0, 2]);
  });

  test('a model without branches is given back as it is', () => {
    const plain = modelProto({ nodes: [node('Relu', ['x'], ['y'])], outputs: ['y'] });
    expect(exposeBranches(plain)).toEqual({ model: plain, layers: [] });
    expect(exposeBranches(plain).model).toBe(plain);
  });
});
