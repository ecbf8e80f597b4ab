/** A model with planted dead units, made smaller in the editor: preview, proof, the new file, the old one untouched. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFailed } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { openBrowser, type TestBrowser } from './harness/browser.js';
import { startVsCode, type VsCodeServer } from './harness/server.js';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import { answerPath, ModelPage } from './model-page.js';

const workspace = mkdtempSync(join(tmpdir(), 'model-inspector-prune-'));
const source = join(repository, 'test/fixtures/pruning/planted.onnx');
let server: VsCodeServer;
let browser: TestBrowser;
let code: VsCode;
let page: ModelPage;

beforeAll(async () => {
  cpSync(source, join(workspace, 'planted.onnx'));
  server = await startVsCode({ workspace });
  browser = await openBrowser();
  code = await browser.openVsCode(server);
  page = new ModelPage(code);
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
  rmSync(workspace, { recursive: true, force: true });
});
beforeEach(({ task }) => {
  onTestFailed(async () => {
    await code.screenshot(`failed ${task.name}`);
  });
});

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
  await code.notifications.press('16 random inputs', 'Open');
  await until('the new file in the editor', async () =>
    (await code.tabs()).some((tab) => tab.includes('planted.pruned.onnx')),
  );
  await page.waitForText('planted.pruned.onnx');
  await code.screenshot('prune: the smaller model');
  expect(readFileSync(join(workspace, 'planted.onnx')).equals(readFileSync(source))).toBe(true);
});
