/** A model with planted dead units, made smaller in the editor: preview, proof, the new file, the old one untouched. */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const workspace = temporaryFolder('prune');
const source = join(repository, 'test/fixtures/pruning/planted.onnx');
let code: VsCode;
let page: ModelPage;

beforeAll(() => {
  cpSync(source, join(workspace, 'planted.onnx'));
});
useVsCode({ workspace }, (opened) => ({ code, page } = opened));

it('the pass’s page says what removing its units would save', async () => {
  await code.openFile('planted.onnx');
  await page.run();
  await page.openTab('passes');
  const entry = await page.locator('.pass-entry');
  await entry.filter({ hasText: 'Units that are dead by their weights' }).click();
  await page.waitForText(/All are proven to change no output, whatever the input/);
  await (await page.locator('.removal')).scrollIntoViewIfNeeded();
  await code.screenshot('prune: what removal would save');
});

it('“Prune Dead Units…” previews, writes a smaller file, tells the proof, and opens it', async () => {
  await (await page.locator('.removal vscode-button')).click();
  const widget = code.page.locator('.quick-input-widget');
  await widget.getByText('Dead by certificates').waitFor();
  await code.screenshot('prune: which units');
  await code.page.keyboard.press('Enter');
  const dialog = code.page.locator('.monaco-dialog-box');
  await dialog.getByText(/Removing 3 units/).waitFor();
  await code.screenshot('prune: preview');
  await dialog.getByRole('button', { name: 'Save Smaller Model…' }).click();
  const target = join(workspace, 'planted.pruned.onnx');
  await answerPath(code, target);
  await until('the smaller model', async () => existsSync(target));
  await code.screenshot('prune: proof');
  await page.waitForText('The smaller copy that was written');
  expect(await page.text()).toMatch(/3 units removed: [\d.]+ KB before, [\d.]+ (KB|bytes) after\./);
  await page.scrollTo('.removal-written');
  await code.screenshot('prune: what was written');
  await code.notifications.press('16 random inputs', 'Open');
  await until('the new file in the editor', async () =>
    (await code.tabs()).some((tab) => tab.includes('planted.pruned.onnx')),
  );
  await page.waitForText('planted.pruned.onnx');
  await code.screenshot('prune: the smaller model');
  expect(readFileSync(join(workspace, 'planted.onnx')).equals(readFileSync(source))).toBe(true);
});
