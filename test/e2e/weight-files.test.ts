/** Files of weights in every format, in the real VS Code: right-click, read, look at a tensor, take it out. */
import { zipSync } from 'fflate';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { memorySource } from '../../src/core/bytes/memory-source.js';
import { encodeNpy } from '../../src/core/formats/numpy/npy.js';
import { openNumpy } from '../../src/core/formats/numpy/open.js';
import { encodeSafetensors } from '../../src/core/formats/safetensors/safetensors.js';
import { ggufFile } from '../unit/formats/gguf-builder.js';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const fixtures = join(repository, 'test/fixtures');
const data = process.env.MODEL_INSPECTOR_DATA ?? resolve(repository, '../shared/data');
const STORIES = 'derived/stories260K.safetensors';

const workspace = temporaryFolder('weights');
let code: VsCode;
let page: ModelPage;

/** Two layers: a weight with a pattern that is easy to recognise, and a bias. */
const weight = Float32Array.from({ length: 64 * 48 }, (_, index) => Math.fround(Math.sin(index / 7) / 2));
const bias = Float32Array.from({ length: 64 }, (_, index) => index / 64);
const bytes = (array: Float32Array): Uint8Array => new Uint8Array(array.buffer);

beforeAll(() => {
  writeFileSync(
    join(workspace, 'layers.safetensors'),
    encodeSafetensors(
      {
        'encoder.0.weight': { dtype: 'F32', shape: [64, 48], data: weight },
        'encoder.0.bias': { dtype: 'F32', shape: [64], data: bias },
      },
      {},
    ),
  );
  writeFileSync(
    join(workspace, 'layers.npz'),
    zipSync({
      'encoder.0.weight.npy': encodeNpy({ type: 'float32', dims: [64, 48], data: weight }),
      'encoder.0.bias.npy': encodeNpy({ type: 'float32', dims: [64], data: bias }),
    }),
  );
  writeFileSync(
    join(workspace, 'layers.gguf'),
    ggufFile({
      metadata: [['general.architecture', { type: 'text', value: 'two-layers' }]],
      tensors: [{ name: 'encoder.0.weight', dims: [64, 48], type: 0, data: bytes(weight) }],
    }),
  );
  cpSync(join(fixtures, 'pytorch/training.pt'), join(workspace, 'training.pt'));
  cpSync(join(fixtures, 'hdf5/types.h5'), join(workspace, 'types.h5'));
  cpSync(join(fixtures, 'onnx-text/model.pbtxt'), join(workspace, 'model.pbtxt'));
  if (existsSync(join(data, STORIES))) cpSync(join(data, STORIES), join(workspace, 'stories260K.safetensors'));
});
useVsCode({ workspace }, (opened) => ({ code, page } = opened));

const inspect = async (name: string): Promise<void> => {
  await code.openExplorerContextMenu(name);
  await code.clickMenu('Inspect Model');
};
const openTensor = async (name: string): Promise<void> => {
  await page.openTab('weights');
  await (await page.locator('.tensor-table tbody tr')).filter({ hasText: name }).first().click();
  await (await page.locator('.tensor-page')).getByRole('heading', { name }).waitFor();
};

describe('a file of weights', () => {
  it.each([
    ['layers.safetensors', /safetensors/, 'encoder'],
    ['layers.gguf', /GGUF version 3/, 'encoder'],
    ['layers.npz', /NumPy/, 'encoder'],
    ['training.pt', /PyTorch/, 'weight'],
    ['types.h5', /HDF5/, 'float'],
    ['model.pbtxt', /ONNX/, ''],
  ])('%s opens with a right click and says what it is', async (name, format, fact) => {
    await inspect(name);
    const shown = await page.waitForText(format);
    expect(shown).toContain(name);
    await page.openTab('weights');
    await page.waitForText(fact);
    expect(await code.screenshot(`weights ${name}`)).toBeTruthy();
  });

  it('has no heatmap of activations and nothing to run inputs through', async () => {
    await code.openFile('layers.safetensors');
    await page.waitForText(/safetensors/);
    expect(await (await page.locator('[data-tab=heatmap]')).count()).toBe(0);
    await page.openTab('passes');
    await page.waitForText('weights only');
  });

  it('shows a tensor: its picture, its statistics and its values', async () => {
    await openTensor('encoder.0.weight');
    // Mean and deviation of sin(k/7)/2 over 3,072 values, computed beside the product.
    const mean = weight.reduce((sum, value) => sum + value, 0) / weight.length;
    const deviation = Math.sqrt(weight.reduce((sum, value) => sum + (value - mean) ** 2, 0) / weight.length);
    const shown = await page.waitForText('Standard deviation');
    expect(shown).toContain(new Intl.NumberFormat('en', { maximumSignificantDigits: 4 }).format(deviation));
    await (await page.locator('.tensor-heatmap canvas')).first().waitFor();
    await (await page.locator('.disclosure summary')).filter({ hasText: /^Values/ }).click();
    await page.waitForText(String(Number((weight[1] ?? 0).toPrecision(8))).slice(0, 8));
    await code.screenshot('a tensor of weights');
  });

  it('gives a tensor as a NumPy file', async () => {
    await (await page.locator('.tensor-page vscode-button')).filter({ hasText: 'Save as .npy' }).click();
    const target = join(workspace, 'saved.npy');
    await answerPath(code, target);
    await until('the file to be written', async () => existsSync(target));
    const file = await until('the file to be whole', async () =>
      openNumpy(memorySource('saved.npy', readFileSync(target))).catch(() => undefined),
    );
    expect(file.tensors[0]?.dims).toEqual([64, 48]);
    expect(await file.tensors[0]?.values?.read(0, weight.length)).toEqual(weight);
  });

  it.skipIf(!existsSync(join(data, STORIES)))(
    `of a language model is a map of its blocks${existsSync(join(data, STORIES)) ? '' : ` (missing: ${STORIES})`}`,
    async () => {
      await inspect('stories260K.safetensors');
      await page.waitForText(/safetensors/);
      await (await page.locator('.weight-map .map-box')).first().waitFor();
      await code.screenshot('weights of a language model');
    },
  );
});
