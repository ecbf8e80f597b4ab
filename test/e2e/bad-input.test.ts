/** What is wrong with a file is said in the editor itself, with what to do; the editor lives on. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import type { VsCode } from './harness/vscode.js';
import { brokenModels } from './broken-models.js';
import type { ModelPage } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const workspace = temporaryFolder('bad');
const sample = join(repository, 'media/samples/shapes');
let code: VsCode;
let page: ModelPage;

beforeAll(() => {
  for (const [name, bytes] of Object.entries(brokenModels(readFileSync(join(sample, 'shapes-resnet.onnx'))))) {
    writeFileSync(join(workspace, name), bytes);
  }
  mkdirSync(join(workspace, 'good'));
  cpSync(join(sample, 'shapes-resnet.onnx'), join(workspace, 'good/good.onnx'));
});
// One thread of the portable engine: slow enough to be cancelled.
useVsCode(
  { workspace, settings: { 'modelInspector.engine': 'wasm', 'modelInspector.threads': 1 } },
  (opened) => ({ code, page } = opened),
);

it.each([
  ['empty.onnx', /empty/i],
  ['truncated.onnx', /ends|truncated|cut/i],
  ['random.onnx', /not an ONNX|no ONNX|not a model|is no/i],
  ['text.onnx', /not an ONNX|no ONNX|not a model|is no/i],
  ['outside.onnx', /\.\.\/|outside/],
  ['missing-weights.onnx', /nowhere\.bin/],
  ['unknown-operator.onnx', /NoSuchOperator/],
])('%s: a sentence that names what is wrong', async (name, message) => {
  await code.openFile(name);
  await page.waitForText(message);
});

it('an unknown operator leaves structure and inputs in sight', async () => {
  await code.openFile('unknown-operator.onnx');
  const shown = await page.waitForText('This model cannot run here');
  expect(shown).toContain('Opset');
  await (await page.locator('.graph-item')).first().waitFor();
});

it('names with markup are shown as text', async () => {
  await code.openFile('markup.onnx');
  await page.waitForText('<img src=x onerror=alert(1)>');
  expect(await (await page.locator('img[src=x]')).count()).toBe(0);
});

it('NaN in the weights becomes a finding', async () => {
  await code.openFile('nan.onnx');
  await page.waitForText('Choose Inputs…');
  await page.run();
  await page.waitForText(/The weights .* hold 1 NaN or infinite value among [\d,]+\./);
});

it('a cancelled run keeps what it saw and says on how many inputs it rests', async () => {
  await code.openFile('good/good.onnx');
  await page.waitForText('Choose Inputs…');
  await page.startRun();
  await page.waitForFirstInputs();
  await code.runCommand('Model Inspector: Cancel Run');
  await page.waitForResult();
  await page.waitForText(/rests on \d+ of 200 inputs \(cancelled\)/);
});

it('a recipe that does not fit is explained, and mended in place', async () => {
  const recipe = join(workspace, 'good/good.inspect.json');
  writeFileSync(
    recipe,
    '{ "version": 1, "inputs": { "picture": { "source": "synthetic", "distribution": "normal", "seed": 1 } } }',
  );
  await page.waitForText(/“picture”/);
  writeFileSync(
    recipe,
    '{ "version": 1, "limit": 7, "inputs": { "image": { "source": "synthetic", "distribution": "normal", "seed": 1 } } }',
  );
  await page.waitForText('7 examples');
});

it('a file that changes while it is open gets a banner, and is read again on “Reload”', async () => {
  cpSync(join(workspace, 'nan.onnx'), join(workspace, 'good/good.onnx'));
  await page.waitForText('The file changed on disk');
  await (await page.locator('.notices vscode-button:has-text("Reload")')).first().click();
  await page.waitForText('Choose Inputs…');
});
