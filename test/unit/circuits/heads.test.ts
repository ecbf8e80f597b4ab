/** Heads told apart: in models of other makers, with shared values, and as one operator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { repository } from '../../../scripts/lib/paths.mjs';
import { headsOf } from '../../../src/core/circuits/heads/cut-heads.js';
import { behindHeads } from '../../../src/core/circuits/heads/head-matrices.js';
import { openLinearReader } from '../../../src/core/circuits/linear-reader.js';
import { circuitLayers, replacementSites, type LayerAttention } from '../../../src/core/circuits/placing.js';
import { openReplacementModel, type ReplacementSites } from '../../../src/core/circuits/replacement-model.js';
import { headReaders } from '../../../src/core/circuits/heads/through-heads.js';
import { ModelProtoSchema, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import type { SystemModel } from '../../../src/core/linear/system-graphs.js';
import { prepareForLinearize } from '../../../src/core/rewrite/linearize/prepare.js';
import { floatsOf, floatTensor } from '../../../src/core/tensor/floats.js';
import { elementCount, type NamedTensors } from '../../../src/core/tensor/tensor.js';
import { loadWasmEngine } from '../../../src/node/wasm-engine.js';
import { runnable, WASM_FOLDER } from '../engine/engines.js';
import { neededData } from '../shared-data.js';
import { draw, fusedModel } from './fused-model.js';

interface Subject {
  readonly model: SystemModel;
  readonly sites: ReplacementSites;
  readonly attention: readonly LayerAttention[];
  feeds(tokens: number): NamedTensors;
}

async function subjectOf(proto: ModelProto, input: string): Promise<Subject> {
  const prepared = prepareForLinearize(proto);
  const layers = circuitLayers(createGraph(proto));
  return {
    model: { prepared, engine: await loadWasmEngine(WASM_FOLDER), threads: 1, toRunnable: (each) => runnable(each) },
    sites: replacementSites(layers, new Map()),
    attention: layers.attention,
    feeds(tokens) {
      const data = BigInt64Array.from({ length: tokens }, (_, at) => BigInt(3 + 7 * at));
      return { [input]: { type: 'int64', dims: [1, tokens], data } };
    },
  };
}

const read = (path: string): ModelProto => fromBinary(ModelProtoSchema, readFileSync(path));

const SUBJECTS: readonly (readonly [string, (skip: (note: string) => never) => Promise<Subject>, number])[] = [
  ['the sample', () => subjectOf(read(join(repository, 'media/samples/grammar-gpt/grammar-gpt.onnx')), 'input_ids'), 0],
  // 8 heads of queries read 4 of keys and values, repeated for each.
  ['stories260K', (skip) => subjectOf(read(neededData('derived/stories260K.onnx', skip)), 'tokens'), 0],
  ['one operator', () => subjectOf(fusedModel(), 'ids'), 2],
];

describe.each(SUBJECTS)('%s', (_name, open, sharing) => {
  it('heads and the residual stream make up whatever is read', async ({ skip }) => {
    const { model, sites, attention, feeds } = await open(skip);
    const replacement = await openReplacementModel(model, sites, feeds(5));
    const heads = headReaders(model, sites, replacement, attention, feeds(5));
    const written = {
      errors: sites.layers.map(({ writes }) => replacement.value(writes)),
      decoderBiases: sites.layers.map(({ writes }) => new Float32Array(replacement.width(writes))),
    };
    for (const value of [sites.layers.at(-1)?.reads ?? '', sites.logits]) {
      const width = replacement.width(value);
      const direction = draw(width, 9);
      const found = await heads.through({ value, position: 3, direction }, 0, written);
      expect(found.left).toEqual([]);
      expect(found.heads.length).toBeGreaterThan(0);
      expect(found.heads.every(({ source }) => source <= 3)).toBe(true);
      expect([...found.sharing.values()]).toEqual(sharing === 0 ? [] : [sharing]);
      const parts = [
        found.embedding,
        found.biases,
        ...found.heads.map(({ contribution }) => contribution),
        ...found.mlps.flatMap(({ features, biases, error }) => [features, biases, error]),
      ];
      const row = replacement.value(value).subarray(3 * width, 4 * width);
      const want = row.reduce((sum, each, k) => sum + each * (direction[k] as number), 0);
      const size = parts.reduce((sum, each) => sum + Math.abs(each), 0);
      expect(Math.abs(parts.reduce((sum, each) => sum + each, 0) - want)).toBeLessThan(1e-5 + 1e-4 * size);
      // What a head pays to all tokens is one.
      const paid = new Map<string, number>();
      for (const { layer, head, attention: each } of found.heads)
        if (each !== undefined) paid.set(`${layer} ${head}`, (paid.get(`${layer} ${head}`) ?? 0) + each);
      for (const sum of paid.values()) expect(sum).toBeCloseTo(1, 4);
    }
    await heads.release();
    await replacement.release();
  });

  it('on one token alone, what all heads read together is what attention reads', async ({ skip }) => {
    const { model, sites, attention, feeds } = await open(skip);
    const { shapes, release } = await openReplacementModel(model, sites, feeds(1));
    const layer = attention.at(-1) as LayerAttention;
    const [input, output] = [layer.input ?? '', layer.output ?? ''];
    const dims = shapes.shapeOf(output) ?? [];
    const direction = draw(elementCount(dims), 10);
    const { heads, left } = await behindHeads(model, shapes, 1, [layer], direction);
    expect(left).toEqual([]);
    expect(heads).toHaveLength(layer.heads ?? NaN);
    expect(heads.map(({ norm }) => norm)).toEqual(heads.map(({ norm }) => norm).sort((a, b) => b - a));
    // The pattern of one token is 1: attention is its matrices.
    const { session, written } = await openLinearReader(model, shapes, [input], output, 'transpose');
    const seeds = { [written.seeds.get(output) ?? '']: floatTensor('float32', [1, ...dims], direction) };
    const fed = Object.fromEntries(Object.entries(feeds(1)).filter(([name]) => session.inputNames.includes(name)));
    const row = floatsOf((await session.run({ ...fed, ...seeds }))[written.transpose.get(input) ?? ''] as never);
    await session.release();
    await release();
    row.forEach((want, k) => {
      const sum = heads.reduce((all, { direction: u }) => all + (u[k] as number), 0);
      expect(Math.abs(sum - want)).toBeLessThan(1e-4);
    });
  });
});

describe('how heads lie', () => {
  const graph = createGraph(fusedModel());
  const of = (weighed: string, shape: readonly number[], more: Partial<LayerAttention> = {}) =>
    headsOf(
      graph,
      { typeOf: () => 'float32', shapeOf: (value) => (value === weighed ? shape : undefined) },
      [{ layer: 4, operator: 'Softmax', z: 'z', weighed, ...more }],
      7,
    );

  it('in front of the tokens where a pattern is multiplied with them', () => {
    const [cut] = of('v', [1, 6, 7, 16], { heads: 6 }).cut;
    expect(cut).toMatchObject({ layer: 4, heads: 6, depth: 16, sharing: 1 });
    expect(cut?.at(2, 3)).toBe((2 * 7 + 3) * 16);
  });

  it('side by side where an operator takes them so', () => {
    const [cut] = of('v', [1, 7, 32], { operator: 'Attention', heads: 8, keyValueHeads: 2 }).cut;
    expect(cut).toMatchObject({ heads: 2, depth: 16, sharing: 4 });
    expect(cut?.at(1, 3)).toBe(3 * 32 + 16);
  });

  it('or it is said why they cannot be told apart', () => {
    const [reason] = of('v', [1, 6, 9, 16]).left;
    expect(reason?.reason).toBe('Its values are [1, 6, 9, 16] for 7 tokens: not one for each of them.');
    expect(of('v', [1, 7, 32], { operator: 'Attention' }).left[0]?.reason).toBe('How many heads it has is not known.');
    expect(of('nothing', [1, 6, 7, 16]).left[0]?.reason).toMatch(/does not give the values/);
    const twice = headsOf(
      graph,
      { typeOf: () => 'float32', shapeOf: () => [1, 2, 7, 3] },
      [0, 1].map((layer) => ({ layer, operator: 'Softmax', z: 'z', weighed: 'v' })),
      7,
    );
    expect(twice.left).toEqual([{ layer: 1, reason: 'It weighs the same values as layer 0.' }]);
  });
});
