/** The block of test/fixtures/attribution/make_block.py as a graph. */
import { readFileSync } from 'node:fs';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { integers, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';

interface Block {
  readonly x: readonly number[];
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly output: number;
  readonly relevance: readonly number[];
  readonly perToken: readonly number[];
}

export const BLOCK = JSON.parse(
  readFileSync(new URL('../../fixtures/attribution/block.json', import.meta.url), 'utf8'),
) as Block;

const [TOKENS, WIDTH, HIDDEN] = [3, 4, 6];

const SIZES: Readonly<Record<string, readonly number[]>> = {
  WQ: [WIDTH, WIDTH],
  WK: [WIDTH, WIDTH],
  WV: [WIDTH, WIDTH],
  WO: [WIDTH, WIDTH],
  Wg: [WIDTH, HIDDEN],
  Wu: [WIDTH, HIDDEN],
  Wd: [HIDDEN, WIDTH],
  readout: [WIDTH, 1],
};

/** @param bias added to what the attention gives, to see it in the ledger. */
export function blockModel(bias = 0): ModelProto {
  const mask = Array.from({ length: TOKENS * TOKENS }, (_, at) => (at % TOKENS > Math.floor(at / TOKENS) ? -1e30 : 0));
  const norm = (value: string, name: string) =>
    node('LayerNormalization', [value, 'ones'], [name], { attributes: { axis: -1n, epsilon: 1e-5 } });
  return modelProto({
    nodes: [
      norm('x', 'n1'),
      node('MatMul', ['n1', 'WQ'], ['q']),
      node('MatMul', ['n1', 'WK'], ['k']),
      node('MatMul', ['n1', 'WV'], ['v']),
      node('Transpose', ['k'], ['kt'], { attributes: { perm: [1, 0] } }),
      node('MatMul', ['q', 'kt'], ['raw']),
      node('Mul', ['raw', 'half'], ['scaled']),
      node('Add', ['scaled', 'mask'], ['scores']),
      node('Softmax', ['scores'], ['pattern'], { attributes: { axis: -1n } }),
      node('MatMul', ['pattern', 'v'], ['mixed']),
      node('MatMul', ['mixed', 'WO'], ['attended']),
      node('Add', ['attended', 'bias'], ['attention']),
      node('Add', ['x', 'attention'], ['middle']),
      norm('middle', 'n2'),
      node('MatMul', ['n2', 'Wg'], ['gate']),
      node('Sigmoid', ['gate'], ['open']),
      node('Mul', ['gate', 'open'], ['silu']),
      node('MatMul', ['n2', 'Wu'], ['up']),
      node('Mul', ['silu', 'up'], ['product']),
      node('MatMul', ['product', 'Wd'], ['mlp']),
      node('Add', ['middle', 'mlp'], ['result']),
      node('Gather', ['result', 'last'], ['token'], { attributes: { axis: 0n } }),
      node('MatMul', ['token', 'readout'], ['y']),
    ],
    inputs: [valueInfo('x', [TOKENS, WIDTH])],
    outputs: ['y'],
    initializers: [
      ...Object.entries(SIZES).map(([name, dims]) => weight(name, dims, BLOCK.weights[name])),
      weight('ones', [WIDTH], [1, 1, 1, 1]),
      weight('mask', [TOKENS, TOKENS], mask),
      scalar('half', 1 / Math.sqrt(WIDTH)),
      weight('bias', [WIDTH], [bias, -bias, 2 * bias, bias]),
      integers('last', [TOKENS - 1]),
    ],
  });
}
