/** Searching, following and explaining the graph, in the real VS Code on the sample classifier. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { memorySource } from '../../src/core/bytes/memory-source.js';
import { openOnnx } from '../../src/core/formats/onnx/open.js';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const samples = join(repository, 'media/samples');
const target = temporaryFolder('graph');
let code: VsCode;
let page: ModelPage;

useVsCode({ workspace: samples, copy: true }, (opened) => ({ code, page } = opened));
beforeAll(async () => {
  await code.openFile('shapes/shapes-resnet.onnx');
  await (await page.locator('.graph-item')).first().waitFor();
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
