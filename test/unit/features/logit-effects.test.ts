import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { openUnembedding, unembeddingInput } from '../../../src/core/features/logit-effects.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { toRunnable } from '../../../src/core/formats/onnx/serialize.js';
import { tensorFromProto } from '../../../src/core/formats/onnx/tensor-proto.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { ENGINES, modelOf, runnable } from '../engine/engines.js';

const folder = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));

/** x [batch, position, 2] → normalised → · W_U → · 2 + b, three tokens. */
const [W_U, bias] = [
  [1, 2, 3, -1, 0.5, 4],
  [10, 20, 30],
];
const small = modelOf({
  node: [
    makeNode('Relu', ['x'], ['normalised']),
    makeNode('MatMul', ['normalised', 'W_U'], ['product']),
    makeNode('Mul', ['two', 'product'], ['scaled']),
    makeNode('Add', ['scaled', 'b'], ['scores']),
  ],
  input: [makeValueInfo('x', DataType.FLOAT, ['batch', 'position', 2])],
  output: [makeValueInfo('scores', DataType.FLOAT, ['batch', 'position', 3])],
  initializer: [floatTensor('W_U', [2, 3], W_U), floatTensor('b', [3], bias), floatTensor('two', [], [2])],
});

describe.each(ENGINES)('logit effects, $name', ({ load }) => {
  it('are the direction times the unembedding, without the final normalisation and without biases', async () => {
    const [engine, graph] = [await load(), createGraph(small)];
    expect(unembeddingInput(graph, 'scores')).toBe('normalised');
    const subject = { graph, engine, threads: 1, toRunnable: runnable };
    const unembedding = await openUnembedding(subject, 'scores', 2);
    expect(unembedding.tokens).toBe(3);
    // By hand: 2 (1, 0) W_U and 2 (-1, 2) W_U. A rectifier in place of the normalisation is left out, so −1 stays −1.
    expect([...(await unembedding.effects(Float32Array.of(1, 0, -1, 2)))]).toEqual([2, 4, 6, -6, -2, 10]);
    await unembedding.release();
  });

  it('of the sample language model are those of its own matrix', async () => {
    const bytes = readFileSync(`${folder}grammar-gpt.onnx`);
    const { proto } = await openOnnx(memorySource('grammar-gpt.onnx', bytes), siblingFiles(folder));
    const graph = createGraph(proto);
    expect(unembeddingInput(graph, 'logits')).toBe('/norm/LayerNormalization_output_0');
    const stored = fromBinary(ModelProtoSchema, bytes).graph?.initializer.find(
      ({ name }) => name === 'unembedding.weight',
    ) as TensorProto;
    const matrix = tensorFromProto(stored).data as Float32Array;
    const rows = Float32Array.from({ length: 3 * 96 }, (_, at) => Math.sin(at));
    const unembedding = await openUnembedding(
      { graph, engine: await load(), threads: 1, toRunnable: (model) => toRunnable(model, folder) },
      'logits',
      96,
    );
    const found = await unembedding.effects(rows);
    await unembedding.release();
    for (let row = 0; row < 3; row++) {
      for (let token = 0; token < 512; token += 37) {
        const terms = Array.from(
          { length: 96 },
          (_, at) => (rows[row * 96 + at] as number) * (matrix[at * 512 + token] as number),
        );
        const [want, size] = [terms.reduce((a, b) => a + b), terms.reduce((a, b) => a + Math.abs(b), 0)];
        expect(Math.abs((found[row * 512 + token] as number) - want)).toBeLessThanOrEqual(1e-5 + 1e-4 * size);
      }
    }
  });
});

describe('logit effects do not apply', () => {
  it('where the scores are no product with weights', async () => {
    const graph = createGraph(
      modelOf({
        node: [makeNode('Relu', ['x'], ['scores'])],
        input: [makeValueInfo('x', DataType.FLOAT, ['batch', 'position', 2])],
        output: [makeValueInfo('scores', DataType.FLOAT, ['batch', 'position', 2])],
      }),
    );
    expect(unembeddingInput(graph, 'scores')).toBeUndefined();
    const engine = await loadNativeEngine();
    await expect(openUnembedding({ graph, engine, threads: 1, toRunnable: runnable }, 'scores', 2)).rejects.toThrow(
      'does not come from a residual stream by weights alone',
    );
  });
});
