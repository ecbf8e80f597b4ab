/** Which tokens a direction of what attention gives got its value from: by hand, and that all of them make it up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { repository } from '../../../scripts/lib/paths.mjs';
import { openSourceTokens, whyNoSourceTokens } from '../../../src/core/circuits/heads/source-tokens.js';
import { valueNamed } from '../../../src/core/dictionary/attach/stated-places.js';
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
  type NodeProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import type { SystemModel } from '../../../src/core/linear/system-graphs.js';
import { prepareForLinearize } from '../../../src/core/rewrite/linearize/prepare.js';
import { int64Tensor, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { floatsOf } from '../../../src/core/tensor/floats.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { loadWasmEngine } from '../../../src/node/wasm-engine.js';
import { modelOf, runnable, WASM_FOLDER } from '../engine/engines.js';
import { node, weight } from '../graph-builder.js';
import { neededData } from '../shared-data.js';
import { draw, fusedModel } from './fused-model.js';

async function systemOf(proto: ModelProto, value: string): Promise<SystemModel> {
  const prepared = prepareForLinearize(prune(proto, [value]));
  return { prepared, engine: await loadWasmEngine(WASM_FOLDER), threads: 1, toRunnable: (each) => runnable(each) };
}

const sumOf = (values: Iterable<number>): number => [...values].reduce((sum, each) => sum + each, 0);

/** One head, which attends to both tokens alike since queries are 0; [1, 2, 2] of x. */
function byHand(more: readonly NodeProto[] = [], output = 'out'): ModelProto {
  return modelOf({
    opset: 17,
    input: [makeValueInfo('x', DataType.FLOAT, [1, 2, 2])],
    output: [makeValueInfo(output, DataType.FLOAT)],
    node: [
      node('MatMul', ['x', 'Wq'], ['q']),
      node('MatMul', ['x', 'Wk'], ['k']),
      node('MatMul', ['x', 'Wv'], ['v']),
      node('Transpose', ['k'], ['turned'], { attributes: { perm: [0, 2, 1] } }),
      node('MatMul', ['q', 'turned'], ['scores']),
      node('Softmax', ['scores'], ['pattern'], { attributes: { axis: -1n } }),
      node('MatMul', ['pattern', 'v'], ['z']),
      node('MatMul', ['z', 'Wo'], ['product']),
      node('Add', ['product', 'bo'], ['out']),
      ...more,
    ],
    initializer: [
      weight('Wq', [2, 2], [0, 0, 0, 0]),
      weight('Wk', [2, 2], [1, 0, 0, 1]),
      weight('Wv', [2, 2], [1, 0, 0, 2]),
      weight('Wo', [2, 2], [1, 1, 0, 1]),
      weight('bo', [2], [0.5, -1]),
    ],
  });
}
const X: NamedTensors = { x: { type: 'float32', dims: [1, 2, 2], data: Float32Array.of(1, 2, 3, -1) } };

describe('one head by hand', () => {
  it('at z: half of the values (1, 4) and (3, −2) along (1, 2)', async () => {
    const reader = await openSourceTokens(await systemOf(byHand(), 'z'), 'z', 2, X);
    const found = await reader.at(X, 1, Float32Array.of(1, 2));
    expect([...found.contributions]).toEqual([4.5, -0.5]);
    expect([...(found.attention ?? [])]).toEqual([0.5, 0.5]);
    expect(found).toMatchObject({ heads: 1, sharing: 1, biases: 0 });
    await reader.release();
  });

  it('behind the output projection: (1, 5) and (3, 1), and its bias', async () => {
    const reader = await openSourceTokens(await systemOf(byHand(), 'out'), 'out', 2, X);
    const found = await reader.at(X, 0, Float32Array.of(1, 2));
    // ⟨(1, 2), (2.5, 2)⟩ = 6.5
    expect([...found.contributions]).toEqual([5.5, 2.5]);
    expect(found.biases).toBe(-1.5);
    await reader.release();
  });

  it('behind a normalisation, whose scale is held', async () => {
    const norm = node('LayerNormalization', ['out', 'gain', 'bo'], ['normed'], { attributes: { epsilon: 1e-5 } });
    const proto = byHand([norm], 'normed');
    proto.graph?.initializer.push(weight('gain', [2], [2, 4]));
    const reader = await openSourceTokens(await systemOf(proto, 'normed'), 'normed', 2, X);
    const found = await reader.at(X, 0, Float32Array.of(1, 2));
    // (2.5, 2) less its mean 2.25 is ±0.25 = σ. Along (2, 8)/σ less its mean, ∓12: (1, 5) and (3, 1) halved give 24 and −12.
    expect(found.contributions[0]).toBeCloseTo(24, 2);
    expect(found.contributions[1]).toBeCloseTo(-12, 2);
    // bo before it, 12 (−1 − 0.5), and behind it, 0.5 − 2: together ⟨(1, 2), (2.5, −5)⟩ = −7.5.
    expect(found.biases).toBeCloseTo(-19.5, 2);
    expect(sumOf(found.contributions) + found.biases).toBeCloseTo(-7.5, 2);
    await reader.release();
  });

  it('refuses a value without one row of that width for each token', async () => {
    await expect(openSourceTokens(await systemOf(byHand(), 'out'), 'out', 4, X)).rejects.toThrow(
      'not one row of 4 numbers for each token of one input',
    );
  });

  it('where queries, keys and values are parts of one product', async () => {
    const packed = modelOf({
      opset: 17,
      input: [makeValueInfo('x', DataType.FLOAT, [1, 2, 2])],
      output: [makeValueInfo('z', DataType.FLOAT)],
      node: [
        node('MatMul', ['x', 'W'], ['qkv']),
        node('Split', ['qkv', 'sizes'], ['q', 'k', 'v'], { attributes: { axis: -1n } }),
        node('Transpose', ['k'], ['turned'], { attributes: { perm: [0, 2, 1] } }),
        node('MatMul', ['q', 'turned'], ['scores']),
        node('Softmax', ['scores'], ['pattern'], { attributes: { axis: -1n } }),
        node('MatMul', ['pattern', 'v'], ['z']),
      ],
      initializer: [weight('W', [2, 6], [0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 2]), int64Tensor('sizes', [3], [2, 2, 2])],
    });
    const reader = await openSourceTokens(await systemOf(packed, 'z'), 'z', 2, X);
    expect([...(await reader.at(X, 1, Float32Array.of(1, 2))).contributions]).toEqual([4.5, -0.5]);
    await reader.release();
  });
});

interface Case {
  readonly name: string;
  readonly proto: (skip: (note: string) => never) => ModelProto;
  readonly input: string;
  readonly hooks: readonly string[];
  readonly width: number;
  readonly heads: number;
  readonly sharing: number;
}
const read = (path: string): ModelProto => fromBinary(ModelProtoSchema, readFileSync(path));
const CASES: readonly Case[] = [
  {
    name: 'the sample',
    proto: () => read(join(repository, 'media/samples/grammar-gpt/grammar-gpt.onnx')),
    input: 'input_ids',
    hooks: ['blocks.1.attn.hook_z', 'blocks.3.hook_attn_out'],
    width: 96,
    heads: 6,
    sharing: 1,
  },
  {
    // 8 heads of queries read 4 of keys and values, repeated for each.
    name: 'stories260K, grouped-query attention',
    proto: (skip) => read(neededData('derived/stories260K.onnx', skip)),
    input: 'tokens',
    hooks: ['blocks.2.attn.hook_z', 'blocks.4.hook_attn_out'],
    width: 64,
    heads: 8,
    sharing: 1,
  },
  {
    name: 'attention as one operator, two heads of queries for one of values',
    proto: fusedModel,
    input: 'ids',
    hooks: ['z', 'attended'],
    width: 6,
    heads: 1,
    sharing: 2,
  },
];

describe.each(CASES)('$name', ({ proto, input, hooks, width, heads, sharing }) => {
  it.for(hooks)('%s: tokens and biases make up whatever is read', async (hook, { skip }) => {
    const whole = proto(skip);
    const found = valueNamed(createGraph(whole), [hook], hook === 'attended' ? undefined : width);
    const value = found?.value ?? '';
    const system = await systemOf(whole, value);
    const data = BigInt64Array.from({ length: 7 }, (_, at) => BigInt(3 + 5 * at));
    const feeds: NamedTensors = { [input]: { type: 'int64', dims: [1, 7], data } };
    const reader = await openSourceTokens(system, value, width, feeds);
    const direction = draw(width, 4);
    const position = 4;
    const told = await reader.at(feeds, position, direction);
    await reader.release();
    const session = await system.engine.open(runnable(system.prepared.model), { threads: 1 });
    const given = (await session.run(feeds))[value];
    await session.release();
    const row = given === undefined ? [] : [...floatsOf(given)].slice(position * width, (position + 1) * width);
    const want = sumOf(row.map((each, k) => each * (direction[k] as number)));
    const size = sumOf(told.contributions.map(Math.abs)) + Math.abs(told.biases);
    expect(Math.abs(sumOf(told.contributions) + told.biases - want)).toBeLessThan(1e-6 + 1e-5 * size);
    expect(size).toBeGreaterThan(0.01);
    expect([told.heads, told.sharing]).toEqual([heads, sharing]);
    for (let head = 0; head < heads; head++) {
      const later = told.contributions.slice(head * 7 + position + 1, (head + 1) * 7);
      expect([...later].every((each) => each === 0)).toBe(true);
      if (told.attention !== undefined) expect(sumOf(told.attention.slice(head * 7, (head + 1) * 7))).toBeCloseTo(1, 5);
    }
  });
});

describe('where it does not apply, it is said why', () => {
  it.each<[string, ModelProto, string, RegExp | undefined]>([
    ['what attention gives', byHand(), 'out', undefined],
    ['a constant factor behind it', byHand([node('Mul', ['out', 'bo'], ['scaled'])], 'scaled'), 'scaled', undefined],
    [
      'the residual stream',
      byHand([node('Add', ['out', 'x'], ['after'])], 'after'),
      'after',
      /output of attention alone/,
    ],
    ['an activation', byHand([node('Relu', ['out'], ['bent'])], 'bent'), 'bent', /output of attention alone/],
    ['a value before it', byHand(), 'v', /output of attention alone/],
    [
      'an operator that keeps its values to itself',
      modelOf({
        opset: 17,
        input: [makeValueInfo('x', DataType.FLOAT, [1, 2, 2])],
        output: [makeValueInfo('z', DataType.FLOAT)],
        node: [node('Attention', ['x', 'W', 'b'], ['z'], { domain: 'com.microsoft', attributes: { num_heads: 1n } })],
        initializer: [weight('W', [2, 6], new Array<number>(12).fill(0.1)), weight('b', [6], [0, 0, 0, 0, 0, 0])],
      }),
      'z',
      /one operator, Attention, which does not tell/,
    ],
  ])('%s', (_name, proto, value, why) => {
    const found = whyNoSourceTokens(createGraph(prune(proto, [value])), value);
    if (why === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(why);
  });
});
