/** Dictionaries made of the sample's, that read a variant of its value: their features are those of the sample's own. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRows } from '../../../src/core/dictionary/feature-matrix.js';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import type { FeatureOverview } from '../../../src/protocol/features.js';
import type { SteeringAnswer } from '../../../src/protocol/steering.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';
import { openDictionary } from '../dictionary/open-dictionary.js';
import { writeSafetensors } from '../dictionary/write-safetensors.js';

const sample = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
const model = join(sample, 'grammar-gpt.onnx');
const NORMALISED = '/blocks.1/norm2/LayerNormalization_output_0';
const MLP_OUT = '/blocks.1/mlp/down/Add_output_0';
const STREAM = '/blocks.1/Add_1_output_0';
const INPUTS = 8;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'variants-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Row-major, as numbers. */
interface Weights {
  readonly width: number;
  readonly features: number;
  /** [features, width] */
  readonly encoder: number[];
  readonly decoder: number[];
  readonly encoderBias: number[];
  readonly bias: number[];
  readonly threshold: number[];
}

async function weightsOf(name: string): Promise<Weights> {
  const { coder, weights, close } = await openDictionary(join(sample, 'dictionaries', name, 'sae_weights.safetensors'));
  const [width, features] = [coder.reads.width, coder.features];
  const vector = async (of: string, count: number): Promise<number[]> =>
    Array.from((await weights.tensors.find((each) => each.name === of)?.values?.read(0, count)) as Float32Array);
  const found = {
    width,
    features,
    encoder: [...(await readRows(coder.encoder, 0, features))],
    decoder: [...(await readRows(coder.decoder, 0, features))],
    encoderBias: await vector('b_enc', features),
    bias: await vector('b_dec', width),
    threshold: await vector('threshold', features),
  };
  await close();
  return found;
}

/** @param metadata of its configuration. @returns its path. */
async function save(
  name: string,
  { width, features, encoder, decoder, encoderBias, bias, threshold }: Weights,
  configuration: Readonly<Record<string, unknown>>,
): Promise<string> {
  const own = await mkdtemp(join(folder, name));
  const path = join(own, 'sae_weights.safetensors');
  const turned = Array.from({ length: width * features }, (_, at) => {
    const [axis, feature] = [Math.floor(at / features), at % features];
    return encoder[feature * width + axis] as number;
  });
  await writeSafetensors(path, {
    W_enc: { dims: [width, features], values: turned },
    W_dec: { dims: [features, width], values: decoder },
    b_enc: { dims: [features], values: encoderBias },
    b_dec: { dims: [width], values: bias },
    threshold: { dims: [features], values: threshold },
  });
  await writeFile(
    join(own, 'cfg.json'),
    JSON.stringify({ d_in: width, d_sae: features, dtype: 'float32', normalize_activations: 'none', ...configuration }),
  );
  return path;
}

interface Looked {
  readonly overview: FeatureOverview;
  /** FVU, place and variant in the first row of the measured places. */
  readonly best: readonly (string | number)[];
  readonly steered: SteeringAnswer;
  readonly inspection: WorkerApi;
}

/** Runs the dictionary where the fit finds it to belong, or where it is told. */
async function look(path: string, reads?: string): Promise<Looked> {
  const inspection = inspect();
  await inspection.open({
    path: model,
    recipePaths: 'anywhere',
    dictionary: { path, answers: {} },
    settings: { engine: 'native', threads: 1, defaultInputs: INPUTS, limit: INPUTS, cacheMegabytes: 0 },
  });
  const { result } = await inspection.run({ passes: ['dictionary-fit'] });
  const table = result?.passes
    .find(({ pass }) => pass === 'dictionary-fit')
    ?.tables?.find(({ id }) => id === 'dictionary-sites');
  const columns = ['reads', 'variant', 'fvu'].map((id) => table?.columns.findIndex((each) => each.id === id) ?? -1);
  const overview = await inspection.features({
    dictionary: path,
    ...(reads === undefined ? {} : { reads, ...writesOf(reads) }),
  });
  const strongest = overview.columns.share.indexOf(Math.max(...overview.columns.share));
  const steered = await inspection.steer({
    prompt: { kind: 'input', input: 0 },
    interventions: [{ feature: strongest, kind: 'add', amount: 2, unit: 'maximum' }],
    positions: 'all',
  });
  return { overview, best: columns.map((column) => table?.rows[0]?.cells[column] ?? ''), steered, inspection };
}

const writesOf = (reads: string): { readonly writes?: string } => (reads === NORMALISED ? { writes: MLP_OUT } : {});

/** Features at the variant are those of the same dictionary written for the value as it is. */
function expectSame(variant: Looked, asItIs: Looked): void {
  const [a, b] = [variant.overview.columns, asItIs.overview.columns];
  const { tokens } = asItIs.overview.totals;
  expect(variant.overview.totals.tokens).toBe(tokens);
  b.density.forEach((density, feature) => {
    // An activation at its threshold may fall on either side of it where it is rounded otherwise.
    expect(Math.abs((a.density[feature] as number) - density) * tokens).toBeLessThanOrEqual(2);
    expect(a.maximum[feature]).toBeCloseTo(b.maximum[feature] as number, 3);
  });
  expect(variant.steered.choices.map(({ index }) => index)).toEqual(asItIs.steered.choices.map(({ index }) => index));
  variant.steered.divergence.forEach((each, row) => {
    const want = asItIs.steered.divergence[row] as number;
    expect(Math.abs(each - want)).toBeLessThan(1e-4 * (1 + want));
  });
  expect(Math.max(...variant.steered.divergence)).toBeGreaterThan(0.01);
}

describe('a transcoder that reads what a normalisation gives before its gain', () => {
  let variant: Looked;
  let asItIs: Looked;
  beforeAll(async () => {
    const own = await weightsOf('blocks.1.mlp.transcoder');
    const graph = createGraph(decodeOnnx(readFileSync(model)));
    const node = graph.order.find(({ outputs }) => outputs[0] === NORMALISED);
    const numbers = (name = ''): Float32Array => {
      const raw = Uint8Array.from(graph.initializer(name)?.rawData ?? []);
      return new Float32Array(raw.buffer);
    };
    const [gain, shift] = [numbers(node?.inputs[1]), numbers(node?.inputs[2])];
    // (n g + b) W = n (g W) + b W
    const folded = {
      ...own,
      encoder: own.encoder.map((weight, at) => weight * (gain[at % own.width] as number)),
      encoderBias: own.encoderBias.map((bias, feature) =>
        shift.reduce((sum, each, axis) => sum + each * (own.encoder[feature * own.width + axis] as number), bias),
      ),
    };
    const configuration = { architecture: 'jumprelu_transcoder', d_out: own.width, apply_b_dec_to_input: false };
    variant = await look(await save('before-gain', folded, configuration));
    asItIs = await look(await save('own', own, configuration), NORMALISED);
  }, 240_000);
  afterAll(async () => {
    await variant.inspection.close({});
    await asItIs.inspection.close({});
  });

  it('is placed there, and says so', () => {
    expect(variant.overview).toMatchObject({
      reads: NORMALISED,
      writes: MLP_OUT,
      variant: 'before the gain',
      placedBy: 'fit',
    });
    const [reads, taken, fvu] = variant.best;
    expect(reads).toContain(NORMALISED);
    expect(taken).toBe('before the gain');
    expect(variant.overview.fvu).toBeCloseTo(Number(fvu), 5);
    expect(asItIs.overview.variant).toBe('as it is');
  });

  it('has the features, and the effects, of the same one behind the gain', () => expectSame(variant, asItIs));

  it('has pages of single features, with what fires as strongly as it does on the whole dictionary', async () => {
    const { columns } = variant.overview;
    const feature = columns.density.indexOf(Math.max(...columns.density));
    const { top, logits } = await variant.inspection.feature({ feature });
    expect(top[0]?.activations[top[0].at]).toBeCloseTo(columns.maximum[feature] as number, 4);
    expect(logits?.top[0]).toEqual((await asItIs.inspection.feature({ feature })).logits?.top[0]);
  });
});

describe('an autoencoder of a value less its mean', () => {
  let variant: Looked;
  let asItIs: Looked;
  let stated: FeatureOverview;
  beforeAll(async () => {
    const own = await weightsOf('blocks.1.hook_resid_post');
    const { width } = own;
    const centred = (rows: readonly number[]): number[] =>
      rows.map((value, at) => {
        const first = at - (at % width);
        return value - rows.slice(first, first + width).reduce((sum, each) => sum + each, 0) / width;
      });
    // P x · W = x · P W for the projection P that takes the mean away.
    const projected = { ...own, encoder: centred(own.encoder), decoder: centred(own.decoder), bias: centred(own.bias) };
    // What reads the mean as well sees nothing of it where it is taken away, and is of no use where it is not.
    const disturbed = { ...projected, encoder: projected.encoder.map((weight) => weight + 10) };
    const configuration = { architecture: 'jumprelu', apply_b_dec_to_input: true };
    variant = await look(await save('centred', disturbed, configuration));
    asItIs = await look(await save('projected', projected, configuration), STREAM);
    const named = await save('named', disturbed, { ...configuration, metadata: { onnx_value: STREAM } });
    stated = await variant.inspection.features({ dictionary: named });
  }, 240_000);
  afterAll(async () => {
    await variant.inspection.close({});
    await asItIs.inspection.close({});
  });

  it('is placed there, and says so', () => {
    expect(variant.overview).toMatchObject({ reads: STREAM, writes: STREAM, variant: 'centred', placedBy: 'fit' });
    const [reads, taken, fvu] = variant.best;
    expect(reads).toContain(STREAM);
    expect(taken).toBe('centred');
    expect(variant.overview.fvu).toBeCloseTo(Number(fvu), 5);
  });

  it('has the features, and the effects, of the same one that takes the mean away itself', () =>
    expectSame(variant, asItIs));

  it('is read so also where its configuration names the value, since it was measured to fit so', () => {
    expect(stated).toMatchObject({ reads: STREAM, variant: 'centred', placedBy: 'configuration' });
  });
});
