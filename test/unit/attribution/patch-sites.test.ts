import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { proposeSites } from '../../../src/core/attribution/patch-sites.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { firstFloatValues } from '../../../src/core/rewrite/linearize/ends.js';
import { prepareForLinearize, shapesOfRun } from '../../../src/core/rewrite/linearize/prepare.js';
import type { KnownShapes } from '../../../src/core/rewrite/linearize/plan.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { ENGINES } from '../engine/engines.js';
import { modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { float, runModel } from '../rewrite/linear-system.js';
import { BLOCK, blockModel } from './block.js';

async function sitesOf(model: ModelProto, feeds: NamedTensors, to: string) {
  const engine = await ENGINES[0]?.load();
  if (engine === undefined) throw new Error('no engine');
  const prepared = prepareForLinearize(model);
  const made = prepared.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
  const shapes = shapesOfRun({ ...feeds, ...(await runModel(engine, prune(prepared.model, made), feeds)) });
  const graph = createGraph(model);
  return proposeSites(graph, shapes, firstFloatValues(graph, shapes), to);
}

const random = (count: number): number[] => Array.from({ length: count }, (_, at) => Math.sin(at * 1.3));

describe('values that are patched where nobody chose', () => {
  test('a transformer block: its input, what attention and MLP add, and the stream, token by token', async () => {
    const sites = await sitesOf(blockModel(), { x: float([3, 4], BLOCK.x) }, 'y');
    expect(sites).toEqual([
      { value: 'x', role: 'start', positionAxes: [0] },
      { value: 'attention', role: 'branch', positionAxes: [0] },
      { value: 'middle', role: 'stream', positionAxes: [0] },
      { value: 'silu', role: 'layer', positionAxes: [0] },
      { value: 'mlp', role: 'branch', positionAxes: [0] },
      { value: 'result', role: 'stream', positionAxes: [0] },
    ]);
  });

  test('a residual network: both branches of a shortcut with a convolution, by height and width', async () => {
    const conv = (from: string, w: string, to: string) =>
      node('Conv', [from, w], [to], { attributes: { pads: [1, 1, 1, 1] } });
    const model = modelProto({
      nodes: [
        conv('x', 'w1', 'c1'),
        node('Relu', ['c1'], ['r1']),
        conv('r1', 'w2', 'left'),
        conv('r1', 'w3', 'right'),
        node('Add', ['left', 'right'], ['s1']),
        node('Relu', ['s1'], ['r2']),
        conv('r2', 'w4', 'c4'),
        node('Add', ['r2', 'c4'], ['s2']),
        node('GlobalAveragePool', ['s2'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 1, 5, 4])],
      outputs: ['y'],
      initializers: [
        weight('w1', [2, 1, 3, 3], random(18)),
        ...['w2', 'w3', 'w4'].map((name) => weight(name, [2, 2, 3, 3], random(36))),
      ],
    });
    const sites = await sitesOf(model, { x: float([1, 1, 5, 4], random(20)) }, 'y');
    expect(sites.map(({ value, role }) => `${value} ${role}`)).toEqual([
      'x start',
      'left branch',
      'right branch',
      's1 stream',
      'c4 branch',
      's2 stream',
    ]);
    expect(new Set(sites.map(({ positionAxes }) => positionAxes.join()))).toEqual(new Set(['2,3']));
  });

  test('a plain network: its activation layers; sums inside a function or of rotated halves are no stream', async () => {
    const model = modelProto({
      nodes: [
        node('MatMul', ['x', 'W1'], ['z']),
        // x + x³/10: a sum of a value and something made of it, without weights.
        node('Mul', ['z', 'z'], ['square']),
        node('Mul', ['square', 'tenth'], ['small']),
        node('Mul', ['small', 'z'], ['cube']),
        node('Add', ['z', 'cube'], ['bent']),
        node('Tanh', ['bent'], ['t']),
        // t cos + t sin, as positions are turned.
        node('Mul', ['t', 'cos'], ['p']),
        node('Mul', ['t', 'sin'], ['q']),
        node('Add', ['p', 'q'], ['turned']),
        node('Relu', ['turned'], ['r']),
        node('MatMul', ['r', 'W2'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 3])],
      outputs: ['y'],
      initializers: [
        weight('W1', [3, 4], random(12)),
        weight('W2', [4, 2], random(8)),
        scalar('tenth', 0.1),
        weight('cos', [4], [1, 1, 0, 0]),
        weight('sin', [4], [0, 0, 1, 1]),
      ],
    });
    const sites = await sitesOf(model, { x: float([1, 3], [1, 2, 3]) }, 'y');
    expect(sites).toEqual([
      { value: 'x', role: 'start', positionAxes: [] },
      { value: 't', role: 'layer', positionAxes: [] },
      { value: 'r', role: 'layer', positionAxes: [] },
    ]);
  });

  test('deep networks are thinned evenly, with the first and the last', () => {
    const blocks = 60;
    const nodes = Array.from({ length: blocks }, (_, at) => [
      node('MatMul', [`h${at}`, 'W'], [`b${at}`]),
      node('Add', [`h${at}`, `b${at}`], [`h${at + 1}`]),
    ]).flat();
    const model = modelProto({
      nodes: [...nodes, node('Neg', [`h${blocks}`], ['y'])],
      inputs: ['h0'],
      outputs: ['y'],
      initializers: [weight('W', [2, 2])],
    });
    const graph: Graph = createGraph(model);
    const shapes: KnownShapes = { typeOf: () => 'float32', shapeOf: () => [1, 2] };
    const sites = proposeSites(graph, shapes, ['h0'], 'y');
    expect(sites).toHaveLength(40);
    expect([sites[0]?.value, sites.at(-1)?.value]).toEqual(['h0', 'h60']);
    expect(proposeSites(graph, { ...shapes, shapeOf: () => [1, 2 ** 23] }, ['h0'], 'y')).toHaveLength(4);
  });

  test('the GPT sample: embedding, attention, MLP and stream of each block', () => {
    const path = fileURLToPath(new URL('../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url));
    const graph = createGraph(decodeOnnx(readFileSync(path)));
    const shapes: KnownShapes = {
      typeOf: (value) => (graph.inputs.some(({ name }) => name === value) ? 'int64' : 'float32'),
      shapeOf: (value) => (graph.producerOf(value)?.opType === 'Shape' ? [2] : [1, 8, 64]),
    };
    const sites = proposeSites(graph, shapes, firstFloatValues(graph, shapes), graph.outputs[0]?.name ?? '');
    expect(sites.map(({ value, role }) => `${role} ${value}`)).toEqual([
      'start /token_embedding/Gather_output_0',
      ...[0, 1, 2, 3].flatMap((block) => [
        `branch /blocks.${block}/attention/output/Add_output_0`,
        `stream /blocks.${block}/Add_output_0`,
        `branch /blocks.${block}/mlp/down/Add_output_0`,
        `stream /blocks.${block}/Add_1_output_0`,
      ]),
    ]);
  });
});
