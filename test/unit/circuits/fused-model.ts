import { normalStream, randomStream } from '../../../src/core/dataset/random.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { modelOf } from '../engine/engines.js';
import { node, weight } from '../graph-builder.js';

/** Normally distributed numbers, the same for a seed. */
export function draw(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, normalStream(randomStream(seed, 'heads', 0)));
}

/** Attention as one operator, with two heads of queries that share one of keys and values; an MLP behind it. */
export function fusedModel(): ModelProto {
  const [width, depth, vocabulary] = [6, 3, 40];
  const matrix = (name: string, rows: number, columns: number, seed: number) =>
    weight(
      name,
      [rows, columns],
      [...draw(rows * columns, seed)].map((value) => 0.5 * value),
    );
  return modelOf({
    opset: 23,
    input: [makeValueInfo('ids', DataType.INT64, [1, 'tokens'])],
    output: [makeValueInfo('logits', DataType.FLOAT)],
    node: [
      node('Gather', ['table', 'ids'], ['embedded']),
      node('MatMul', ['embedded', 'Wq'], ['q']),
      node('MatMul', ['embedded', 'Wk'], ['k']),
      node('MatMul', ['embedded', 'Wv'], ['v']),
      node('Attention', ['q', 'k', 'v'], ['z'], { attributes: { q_num_heads: 2n, kv_num_heads: 1n, is_causal: 1n } }),
      node('MatMul', ['z', 'Wo'], ['attended']),
      node('Add', ['embedded', 'attended'], ['middle']),
      node('MatMul', ['middle', 'Wup'], ['up']),
      node('Relu', ['up'], ['bent']),
      node('MatMul', ['bent', 'Wdown'], ['down']),
      node('Add', ['middle', 'down'], ['after']),
      node('MatMul', ['after', 'Wu'], ['logits']),
    ],
    initializer: [
      matrix('table', vocabulary, width, 1),
      matrix('Wq', width, 2 * depth, 2),
      matrix('Wk', width, depth, 3),
      matrix('Wv', width, depth, 4),
      matrix('Wo', 2 * depth, width, 5),
      matrix('Wup', width, 8, 6),
      matrix('Wdown', 8, width, 7),
      matrix('Wu', width, vocabulary, 8),
    ],
  });
}
