/** Holds what media/samples/grammar-gpt/dictionaries/measured.json states to the same measured in ONNX Runtime. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Coder } from '../../../src/core/dictionary/coder.js';
import {
  CODER_FEATURES,
  CODER_INPUT,
  CODER_RECONSTRUCTION,
  coderModel,
} from '../../../src/core/dictionary/graphs/coder-model.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { LOSS_INPUTS, writeLoss } from '../../../src/core/experiment/loss-graph.js';
import type { LossMeasure } from '../../../src/core/experiment/loss-measure.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { toRunnable } from '../../../src/core/formats/onnx/serialize.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { freeValues } from '../../../src/core/rewrite/splice.js';
import type { NamedTensors, Tensor } from '../../../src/core/tensor/tensor.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { openDictionary, type OpenedDictionary } from '../dictionary/open-dictionary.js';

const folder = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));

interface Measured {
  readonly fvu: number;
  readonly l0: number;
  readonly dead_share: number;
  readonly cross_entropy: { readonly spliced: number; readonly zeros: number; readonly mean: number };
  readonly loss_recovered: { readonly above_zeros: number; readonly above_mean: number };
}

interface Configuration {
  readonly architecture: string;
  readonly metadata: { readonly onnx_value: string; readonly onnx_value_out?: string };
}

const json = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'));
const measured = json('dictionaries/measured.json') as {
  readonly cross_entropy: number;
  readonly dictionaries: Readonly<Record<string, Measured>>;
  readonly all_transcoders: Pick<Measured, 'cross_entropy'>;
};
const names = Object.keys(measured.dictionaries);

const [ROWS, LENGTH, WIDTH, VOCABULARY] = [256, 64, 96, 512];
const TOKENS = ROWS * LENGTH;
const INPUT = 'input_ids';

/** corpus.npy: little-endian uint16 after its header. */
const bytes = readFileSync(join(folder, 'corpus.npy'));
const ids = Array.from({ length: TOKENS }, (_, at) => bytes.readUInt16LE(10 + bytes.readUInt16LE(8) + 2 * at));
const input: Tensor = { type: 'int64', dims: [ROWS, LENGTH], data: BigInt64Array.from(ids, BigInt) };

/** The row's own next token; the last position has none. */
const predicted = ids.flatMap((_, at) => (at % LENGTH === LENGTH - 1 ? [] : [at]));
const places: Tensor = {
  type: 'int64',
  dims: [predicted.length],
  data: BigInt64Array.from(predicted, (at) => BigInt(at * VOCABULARY + (ids[at + 1] as number))),
};

const loss: LossMeasure = {
  kind: 'next-token',
  value: 'logits',
  type: 'float32',
  dims: [ROWS, LENGTH, VOCABULARY],
  positions: LENGTH,
  label: '',
  definition: '',
  why: '',
};

let engine: Engine;
let model: ModelProto;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  engine = await loadNativeEngine();
  const file = await openOnnx(
    memorySource('grammar-gpt.onnx', readFileSync(join(folder, 'grammar-gpt.onnx'))),
    siblingFiles(folder),
  );
  model = file.proto;
});
afterAll(async () => {
  for (const close of closing) await close();
});

type Values = Readonly<Record<string, Float32Array>>;
const shaped = (data: Float32Array): Tensor => ({ type: 'float32', dims: [ROWS, LENGTH, WIDTH], data });

/** Runs the model with values in the places of its own. @returns the outputs. */
async function run(
  outputs: readonly string[],
  spliced: Values,
  changed = model,
  feeds: NamedTensors = {},
): Promise<NamedTensors> {
  const dims = [ROWS, LENGTH, WIDTH];
  const cut = freeValues(
    changed,
    Object.keys(spliced).map((value) => ({ value, type: DataType.FLOAT, dims })),
  );
  const session = await engine.open(toRunnable(prune(cut, outputs), folder), { threads: 2 });
  const all: Record<string, Tensor> = { [INPUT]: input, ...feeds };
  for (const [value, data] of Object.entries(spliced)) all[value] = shaped(data);
  const used = Object.fromEntries(session.inputNames.map((name) => [name, all[name] as Tensor]));
  const found = await session.run(used);
  await session.release();
  return found;
}

const floats = (tensor: Tensor | undefined): Float32Array => tensor?.data as Float32Array;

async function valuesOf(...values: string[]): Promise<Float32Array[]> {
  const found = await run(values, {});
  return values.map((value) => floats(found[value]));
}

/** Mean over predicted tokens, in nats. */
async function crossEntropy(spliced: Values): Promise<number> {
  const { model: measuring, outputs } = writeLoss(model, loss);
  const losses = floats(
    (await run(outputs, spliced, measuring, { [LOSS_INPUTS.places]: places }))[outputs[0] as string],
  );
  return losses.reduce((sum, each) => sum + each, 0) / losses.length;
}

interface Opened {
  readonly reads: string;
  readonly writes: string;
  readonly architecture: string;
  readonly coder: Coder;
  apply(x: Float32Array): Promise<{ features: Float32Array; written: Float32Array }>;
}

async function open(name: string): Promise<Opened> {
  const path = join(folder, 'dictionaries', name, 'sae_weights.safetensors');
  const opened: OpenedDictionary & { coder: Coder } = await openDictionary(path);
  const session = await engine.open(await coderModel(opened.coder, opened.weights, dirname(path)), { threads: 2 });
  closing.push(() => session.release(), opened.close);
  const { metadata, architecture } = json(`dictionaries/${name}/cfg.json`) as Configuration;
  return {
    reads: metadata.onnx_value,
    writes: metadata.onnx_value_out ?? metadata.onnx_value,
    architecture,
    coder: opened.coder,
    async apply(data) {
      const found = await session.run({ [CODER_INPUT]: { type: 'float32', dims: [TOKENS, WIDTH], data } });
      return { features: floats(found[CODER_FEATURES]), written: floats(found[CODER_RECONSTRUCTION]) };
    },
  };
}

function add(sums: Float64Array, at: number, value: number): void {
  sums[at] = (sums[at] as number) + value;
}

/** Mean over tokens, per axis, as often as there are tokens. */
function means(values: Float32Array): Float32Array {
  const sums = new Float64Array(WIDTH);
  values.forEach((value, at) => add(sums, at % WIDTH, value));
  return values.map((_, at) => (sums[at % WIDTH] as number) / TOKENS);
}

function squares(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + (value - (b[at] as number)) ** 2, 0);
}

describe('the dictionaries of the sample language model', () => {
  it('are one autoencoder of the residual stream and one transcoder of each block', () => {
    expect(names).toEqual(
      [0, 1, 2, 3].flatMap((layer) => [`blocks.${layer}.hook_resid_post`, `blocks.${layer}.mlp.transcoder`]),
    );
    expect(measured).toMatchObject({ tokens: TOKENS, predictions: predicted.length });
  });

  it('cross-entropy of the model as it is', async () => {
    expect(await crossEntropy({})).toBeCloseTo(measured.cross_entropy, 4);
  });

  it.each(names)(
    '%s: FVU, L0, dead share, loss recovered are as stated, and good',
    async (name) => {
      const stated = measured.dictionaries[name] as Measured;
      const { reads, writes, coder, apply, architecture } = await open(name);
      expect(architecture).toBe(reads === writes ? 'jumprelu' : 'jumprelu_transcoder');
      // What the product says of the file when it is opened.
      expect(coder.kind).toBe(reads === writes ? 'SAE' : 'transcoder');
      expect(coder.family).toBe('SAELens');
      const [x, target] = (await valuesOf(...new Set([reads, writes]))) as [Float32Array, Float32Array?];
      const wanted = target ?? x;
      const { features, written } = await apply(x);
      const mean = means(wanted);
      expect(squares(wanted, written) / squares(wanted, mean)).toBeCloseTo(stated.fvu, 4);
      const fires = new Float64Array(coder.features);
      features.forEach((value, at) => add(fires, at % coder.features, value > 0 ? 1 : 0));
      // A value at its threshold may fall on either side of it in another engine.
      expect(Math.abs(fires.reduce((a, b) => a + b) / TOKENS - stated.l0)).toBeLessThan(0.002);
      expect(fires.filter((count) => count === 0).length / coder.features).toBeCloseTo(stated.dead_share, 6);

      const [spliced, zeros, averaged] = [
        await crossEntropy({ [writes]: written }),
        await crossEntropy({ [writes]: new Float32Array(wanted.length) }),
        await crossEntropy({ [writes]: mean }),
      ];
      expect(spliced).toBeCloseTo(stated.cross_entropy.spliced, 3);
      expect(zeros).toBeCloseTo(stated.cross_entropy.zeros, 3);
      expect(averaged).toBeCloseTo(stated.cross_entropy.mean, 3);
      const clean = measured.cross_entropy;
      expect((zeros - spliced) / (zeros - clean)).toBeCloseTo(stated.loss_recovered.above_zeros, 3);
      expect((averaged - spliced) / (averaged - clean)).toBeCloseTo(stated.loss_recovered.above_mean, 2);

      expect(stated.fvu).toBeLessThan(0.25);
      expect(stated.dead_share).toBeLessThan(0.05);
      expect(stated.loss_recovered.above_mean).toBeGreaterThan(0.9);
    },
    120_000,
  );

  it('all transcoders at once leave of the loss what is stated', async () => {
    const spliced: Record<string, Float32Array> = {};
    for (const name of names.filter((each) => each.endsWith('transcoder'))) {
      const { reads, writes, apply } = await open(name);
      const x = floats((await run([reads], spliced))[reads]);
      spliced[writes] = (await apply(x)).written;
    }
    expect(await crossEntropy(spliced)).toBeCloseTo(measured.all_transcoders.cross_entropy.spliced, 3);
    const zeros = Object.fromEntries(Object.keys(spliced).map((value) => [value, new Float32Array(TOKENS * WIDTH)]));
    expect(await crossEntropy(zeros)).toBeCloseTo(measured.all_transcoders.cross_entropy.zeros, 3);
  }, 120_000);
});
