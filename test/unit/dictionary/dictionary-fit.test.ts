import { dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultTable } from '../../../src/core/passes/result.js';
import { createInspection } from '../../../src/worker/inspection.js';
import type { OpenedModel, OpenRequest, WorkerApi } from '../../../src/protocol/worker-api.js';
import type { PassSummary } from '../../../src/protocol/inspection.js';
import { WASM_FOLDER } from '../engine/engines.js';
import { neededData } from '../shared-data.js';
import { readRows } from '../../../src/core/dictionary/feature-matrix.js';
import { openDictionary } from './open-dictionary.js';

const ANSWERS = { subtract: 'yes', activation: 'relu' } as const;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dictionary-fit-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** An .npy of token ids. */
async function tokensFile(ids: BigInt64Array, rows: number): Promise<string> {
  const header = `{'descr': '<i8', 'fortran_order': False, 'shape': (${rows}, ${ids.length / rows}), }`;
  const text = header.padEnd(117) + '\n';
  const path = join(folder, 'tokens.npy');
  const head = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0);
  await writeFile(
    path,
    Buffer.concat([head, Buffer.from(text), new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)]),
  );
  return path;
}

async function inspectionOf(
  path: string,
  dictionary: OpenRequest['dictionary'],
  inputs?: string,
): Promise<{ readonly inspection: WorkerApi; readonly model: OpenedModel }> {
  const nothing = async (): Promise<void> => undefined;
  const inspection = createInspection({
    wasmFolder: WASM_FOLDER,
    dataFolder: new URL('../../../media/', import.meta.url).pathname,
    events: { runProgress: nothing, fileResultChanged: nothing, log: nothing },
  });
  const model = await inspection.open({
    path,
    ...(dictionary === undefined ? {} : { dictionary }),
    recipePaths: 'anywhere',
    settings: { engine: 'native', threads: 1, defaultInputs: 200, cacheMegabytes: 0 },
  });
  if (inputs !== undefined) await inspection.setInputs({ recipe: await inspection.recipeFor({ path: inputs }) });
  return { inspection, model };
}

function tableOf(pass: PassSummary | undefined, id: string): ResultTable {
  const found = pass?.tables?.find((table) => table.id === id);
  if (found === undefined) throw new Error(`There is no table ${id}.`);
  return found;
}

const reference = (root: string, name: string): Uint8Array => Uint8Array.from(readFileSync(join(root, 'io', name)));

describe('a real autoencoder and the transformer that it was trained on', () => {
  it('fits every point of the residual stream, as an independent computation says, and costs the output little', async ({
    skip,
  }) => {
    const model = neededData('derived/routing_transformer.onnx', skip);
    const root = dirname(model);
    const path = join(root, 'sehajr_toy_sae.safetensors');
    const ids = new BigInt64Array(reference(root, 'routing_transformer.onnx__in_tokens.bin').buffer);
    const opened = await inspectionOf(model, { path, answers: ANSWERS }, await tokensFile(ids, 50));
    expect(opened.model.dictionary).toMatchObject({ name: 'sehajr_toy_sae.safetensors' });
    const { result } = await opened.inspection.run({ passes: ['dictionary-fit'] });
    const pass = result?.passes.find((each) => each.pass === 'dictionary-fit');
    const sites = tableOf(pass, 'dictionary-sites').rows.map(({ cells }) => cells);

    // The same by hand, in float64, from the reference outputs and the file's own matrices.
    for (const value of ['resid_1', 'resid_2']) {
      const x = new Float32Array(reference(root, `routing_transformer.onnx__out_${value}.bin`).buffer);
      const { fvu, l0 } = await byHand(path, x);
      const cells = sites.find(([label, taken]) => String(label).startsWith(`${value} `) && taken === 'as it is');
      expect(Math.abs(Number(cells?.[2]) - fvu)).toBeLessThan(1e-4 * fvu + 1e-7);
      expect(Number(cells?.[4])).toBeCloseTo(l0, 1);
      // What the data's own notes say of it: 0.06 % to 0.17 %.
      expect(fvu).toBeGreaterThan(0.0005);
      expect(fvu).toBeLessThan(0.0018);
    }
    const fvus = sites.map(([, , fvu]) => Number(fvu));
    expect(fvus).toEqual([...fvus].sort((a, b) => a - b));

    const [clean, dictionary, zero, mean] = tableOf(pass, 'dictionary-splice').rows.map(({ cells }) => cells);
    expect(clean?.[3]).toBe(0);
    expect(Number(dictionary?.[3])).toBeLessThan(0.01);
    expect(Number(zero?.[3])).toBeGreaterThan(1);
    expect(Number(mean?.[3])).toBeGreaterThan(1);
    expect(Number(zero?.[5])).toBeCloseTo(1 - Number(dictionary?.[3]) / Number(zero?.[3]), 6);
    await opened.inspection.close({});
  });

  it('is not used before the open questions are answered, nor on a model without its width', async ({ skip }) => {
    const model = neededData('derived/routing_transformer.onnx', skip);
    const path = join(dirname(model), 'sehajr_toy_sae.safetensors');
    const open = await inspectionOf(model, { path, answers: {} });
    expect(open.model.passes.find(({ id }) => id === 'dictionary-fit')?.reason).toContain(
      'Its file leaves open: subtract, activation.',
    );
    await open.inspection.close({});

    const other = neededData('vision-classification/mnist-8-cntk.onnx', skip);
    const wrong = await inspectionOf(other, { path, answers: ANSWERS });
    const { problem } = await wrong.inspection.run({ passes: ['dictionary-fit'] });
    expect(problem?.message).toMatch(
      /is for values 32 wide, and no value of this model is\. There are values \d+, .* wide\./,
    );
    await wrong.inspection.close({});

    const none = await inspectionOf(model, undefined);
    expect(none.model.passes.find(({ id }) => id === 'dictionary-fit')?.reason).toContain('No dictionary is attached');
    await none.inspection.close({});
  });
});

describe('an autoencoder of the sample whose configuration names another place', () => {
  const sample = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
  const own = join(sample, 'dictionaries/blocks.1.hook_resid_post');
  const findings = async (hook: string): Promise<string> => {
    const configuration = JSON.parse(readFileSync(join(own, 'cfg.json'), 'utf8')) as object;
    await writeFile(join(folder, 'cfg.json'), JSON.stringify({ ...configuration, metadata: { hook_name: hook } }));
    await copyFile(join(own, 'sae_weights.safetensors'), join(folder, 'sae_weights.safetensors'));
    const path = join(folder, 'sae_weights.safetensors');
    const { inspection } = await inspectionOf(join(sample, 'grammar-gpt.onnx'), { path, answers: {} });
    await inspection.setInputs({
      recipe: { ...(await inspection.recipeFor({ path: join(sample, 'corpus.npy') })), limit: 8 },
    });
    const { result } = await inspection.run({ passes: ['dictionary-fit'] });
    await inspection.close({});
    const pass = result?.passes.find((each) => each.pass === 'dictionary-fit');
    return pass?.findings.map(({ sentence }) => sentence).join(' ') ?? '';
  };

  it('is warned of, with how well it fits there and where it fits best', async () => {
    expect(await findings('blocks.3.hook_resid_post')).toMatch(
      /names “blocks\.3\.hook_resid_post”, where FVU is [\d.]+; at \/blocks\.1\/Add_1_output_0 .* it is 0\.0\d+\./,
    );
    expect(await findings('blocks.9.hook_resid_post')).toContain(
      'names “blocks.9.hook_resid_post”, which is no value or hook of this model that it could read.',
    );
    expect(await findings('blocks.1.hook_resid_post')).not.toContain('names “');
  }, 120_000);
});

async function byHand(path: string, x: Float32Array): Promise<{ readonly fvu: number; readonly l0: number }> {
  const { coder, weights, close } = await openDictionary(path, ANSWERS);
  const [d, F] = [coder.reads.width, coder.features];
  const encoder = await readRows(coder.encoder, 0, F);
  const decoder = await readRows(coder.decoder, 0, F);
  const vector = async (name: string, count: number): Promise<Float32Array> =>
    (await weights.tensors.find((tensor) => tensor.name === name)?.values?.read(0, count)) as Float32Array;
  const [bEnc, bDec] = [await vector('b_enc', F), await vector('b_dec', d)];
  await close();
  const tokens = x.length / d;
  const mean = Array.from({ length: d }, (_, i) => {
    let sum = 0;
    for (let t = 0; t < tokens; t++) sum += x[t * d + i] ?? NaN;
    return sum / tokens;
  });
  let [error, spread, firing] = [0, 0, 0];
  for (let t = 0; t < tokens; t++) {
    const out = Array.from(bDec, Number);
    for (let f = 0; f < F; f++) {
      let h = bEnc[f] ?? NaN;
      for (let i = 0; i < d; i++) h += ((x[t * d + i] ?? NaN) - (bDec[i] ?? NaN)) * (encoder[f * d + i] ?? NaN);
      if (h <= 0) continue;
      firing++;
      for (let i = 0; i < d; i++) out[i] = (out[i] ?? NaN) + h * (decoder[f * d + i] ?? NaN);
    }
    for (let i = 0; i < d; i++) {
      error += ((x[t * d + i] ?? NaN) - (out[i] ?? NaN)) ** 2;
      spread += ((x[t * d + i] ?? NaN) - (mean[i] ?? NaN)) ** 2;
    }
  }
  return { fvu: error / spread, l0: firing / tokens };
}
