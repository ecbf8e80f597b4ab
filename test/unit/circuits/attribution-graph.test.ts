import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../../../scripts/lib/paths.mjs';
import { attributionGraph, type AttributionGraph } from '../../../src/core/circuits/attribution-graph.js';
import type { CircuitCoder } from '../../../src/core/circuits/circuit-coder.js';
import { forEachEdge } from '../../../src/core/circuits/edge-matrix.js';
import { outputTargets } from '../../../src/core/circuits/output-targets.js';
import { openReplacementModel, type ReplacementModel } from '../../../src/core/circuits/replacement-model.js';
import { ModelProtoSchema } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { SystemModel } from '../../../src/core/linear/system-graphs.js';
import { prepareForLinearize } from '../../../src/core/rewrite/linearize/prepare.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';
import { normalStream, randomStream } from '../../../src/core/dataset/random.js';
import { ENGINES, runnable } from '../engine/engines.js';

const WIDTH = 96;
const FEATURES = 40;
const LAYERS = 4;
const TOKENS = BigInt64Array.of(0n, 17n, 250n, 31n, 8n, 402n, 99n, 5n);

const sites = {
  embedding: '/token_embedding/Gather_output_0',
  layers: Array.from({ length: LAYERS }, (_, layer) => ({
    reads: `/blocks.${layer}/norm2/LayerNormalization_output_0`,
    writes: `/blocks.${layer}/mlp/down/Add_output_0`,
  })),
  logits: 'logits',
};

/** A transcoder of random numbers: what adds up must add up for any. */
function randomCoder(seed: number): CircuitCoder {
  const normal = normalStream(randomStream(seed, 'transcoder', 0));
  const draw = (length: number, scale: number): Float32Array => Float32Array.from({ length }, () => scale * normal());
  const [encoder, decoder] = [draw(FEATURES * WIDTH, 0.1), draw(FEATURES * WIDTH, 0.2)];
  const [encoderBias, decoderBias] = [draw(FEATURES, 0.3), draw(WIDTH, 0.2)];
  const rowsOf = (matrix: Float32Array, features: readonly number[]): Float32Array => {
    const rows = new Float32Array(features.length * WIDTH);
    features.forEach((feature, at) => rows.set(matrix.subarray(feature * WIDTH, (feature + 1) * WIDTH), at * WIDTH));
    return rows;
  };
  return {
    features: FEATURES,
    async encode(rows, positions) {
      const active = [];
      for (let position = 0; position < positions; position++) {
        for (let feature = 0; feature < FEATURES; feature++) {
          let preActivation = encoderBias[feature] as number;
          for (let k = 0; k < WIDTH; k++) {
            preActivation += (rows[position * WIDTH + k] as number) * (encoder[feature * WIDTH + k] as number);
          }
          if (preActivation > 0) active.push({ position, feature, activation: preActivation, preActivation });
        }
      }
      return active;
    },
    encoderRows: async (features) => ({
      rows: rowsOf(encoder, features),
      offsets: Float64Array.from(features, (feature) => encoderBias[feature] as number),
    }),
    decoderRows: async (features) => rowsOf(decoder, features),
    decoderBias,
  };
}

describe.each(ENGINES)('the attribution graph of a language model ($name)', ({ load }) => {
  let model: SystemModel;
  let replacement: ReplacementModel;
  const coders = Array.from({ length: LAYERS }, (_, layer) => randomCoder(layer + 1));
  const input: Tensor = { type: 'int64', dims: [1, TOKENS.length], data: TOKENS };

  const graphOf = async (maximumFeatures: number): Promise<AttributionGraph> => {
    const targets = outputTargets(replacement.value(sites.logits), replacement.positions);
    return attributionGraph({ replacement, sites, coders, targets, maximumFeatures });
  };

  beforeAll(async () => {
    const bytes = readFileSync(join(repository, 'media/samples/grammar-gpt/grammar-gpt.onnx'));
    model = {
      prepared: prepareForLinearize(fromBinary(ModelProtoSchema, bytes)),
      engine: await load(),
      threads: 1,
      toRunnable: (each) => runnable(each),
    };
    replacement = await openReplacementModel(model, sites, { input_ids: input });
  });

  it('makes up every feature and every output exactly, whatever the transcoders are', async () => {
    const graph = await graphOf(Infinity);
    expect(graph.leftOut).toBe(0);
    expect(graph.residual).toBeLessThan(1e-4);
    expect(graph.nodes.filter(({ kind }) => kind === 'feature').length).toBeGreaterThan(200);
    // Sums from the edges themselves, in the order of the graph.
    graph.nodes.forEach((node, target) => {
      if (node.kind !== 'feature' && node.kind !== 'output') return;
      let [sum, size] = [graph.biases[target] as number, Math.abs(graph.biases[target] as number)];
      forEachEdge(graph.edges, target, (_source, weight) => {
        sum += weight;
        size += Math.abs(weight);
      });
      expect(Math.abs(sum - (graph.values[target] as number))).toBeLessThan(1e-5 + 1e-4 * size);
    });
  });

  it('has no edges from later tokens, later layers or the own layer', async () => {
    const { nodes, edges } = await graphOf(Infinity);
    const astray: string[] = [];
    nodes.forEach((node, target) => {
      if (node.kind !== 'feature') return;
      forEachEdge(edges, target, (source) => {
        const from = nodes[source] as (typeof nodes)[number];
        const isEarlier =
          from.kind !== 'output' &&
          from.position <= node.position &&
          (from.kind === 'token' || from.layer < node.layer);
        if (!isEarlier) astray.push(`${source} → ${target}`);
      });
    });
    expect(astray).toEqual([]);
  });

  it('keeps the most influential features where there may not be more, and says what the others add', async () => {
    const [whole, some] = [await graphOf(Infinity), await graphOf(50)];
    expect(some.nodes.filter(({ kind }) => kind === 'feature')).toHaveLength(50);
    expect(some.leftOut).toBe(whole.nodes.filter(({ kind }) => kind === 'feature').length - 50);
    expect(some.residual).toBeLessThan(1e-4);
    expect(some.left.some((value) => value !== 0)).toBe(true);
  });
});
