/** Searching, following and explaining the graph, in the real VS Code on the sample classifier. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFailed } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { memorySource } from '../../src/core/bytes/memory-source.js';
import { openOnnx } from '../../src/core/formats/onnx/open.js';
import { openBrowser, type TestBrowser } from './harness/browser.js';
import { startVsCode, type VsCodeServer } from './harness/server.js';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import { answerPath, ModelPage } from './model-page.js';

const samples = join(repository, 'media/samples');
const target = mkdtempSync(join(tmpdir(), 'model-inspector-graph-'));
let server: VsCodeServer;
let browser: TestBrowser;
let code: VsCode;
let page: ModelPage;

beforeAll(async () => {
  server = await startVsCode({ workspace: samples, copy: true });
  browser = await openBrowser();
  code = await browser.openVsCode(server);
  page = new ModelPage(code);
  await code.openFile('shapes/shapes-resnet.onnx');
  await (await page.locator('.graph-item')).first().waitFor();
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
  rmSync(target, { recursive: true, force: true });
});
beforeEach(({ task }) => {
  onTestFailed(async () => {
    await code.screenshot(`failed ${task.name}`);
  });
});

it('Ctrl+F searches the graph; Enter goes from match to match', async () => {
  const model = await openOnnx(memorySource('m', readFileSync(join(samples, 'shapes/shapes-resnet.onnx'))), {
    open: () => Promise.reject(new Error('It has no other files.')),
  });
  const convolutions = (model.proto.graph?.node ?? []).filter(({ opType }) => opType === 'Conv').length;
  await (await page.locator('[data-id="layer1/block0"]')).click();
  await code.page.keyboard.press('Control+f');
  const field = await page.locator('[role=combobox][aria-label="Search the graph"]');
  await until('the search to have the focus', () => field.evaluate((element) => element === document.activeElement));
  await code.page.keyboard.type('op:Conv');
  const count = await page.locator('.graph-search-count');
  await until('all convolutions to be found', async () => (await count.innerText()) === `${convolutions} found`);
  await code.page.keyboard.press('Enter');
  await until('the first match', async () => (await count.innerText()) === `1 of ${convolutions}`);
  await code.screenshot('a search of the graph');
});

it('a node explains its operator with its own values beside the defaults', async () => {
  const about = await page.locator('.node-page summary');
  await about.filter({ hasText: 'About Conv' }).first().click();
  await page.waitForText('kernel_shape');
  await code.screenshot('an operator explained');
});

it('the colouring leaves as a Netron attachment', async () => {
  await (await page.locator('.graph-frame .toolbar button')).filter({ hasText: 'JSON' }).first().click();
  await (await page.locator('[role=menuitem]')).filter({ hasText: 'Netron' }).first().click();
  const file = join(target, 'colours.json');
  await answerPath(code, file);
  await until('the attachment to be written', async () => existsSync(file));
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ signature: 'netron:attachment' });
});
