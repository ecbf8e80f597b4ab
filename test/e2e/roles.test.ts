/** Roles and hook names of a language model, in the graph, on a node's page and as a question. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, it, onTestFailed } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { openBrowser, type TestBrowser } from './harness/browser.js';
import { startVsCode, type VsCodeServer } from './harness/server.js';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import { ModelPage } from './model-page.js';

const data = process.env.MODEL_INSPECTOR_DATA ?? resolve(repository, '../shared/data');
const model = join(data, 'derived/stories260K.onnx');

describe.skipIf(!existsSync(model))(`roles${existsSync(model) ? '' : ` (missing: ${model})`}`, () => {
  const workspace = mkdtempSync(join(tmpdir(), 'model-inspector-roles-'));
  let server: VsCodeServer;
  let browser: TestBrowser;
  let code: VsCode;
  let page: ModelPage;

  beforeAll(async () => {
    mkdirSync(join(workspace, 'stories'));
    cpSync(model, join(workspace, 'stories/stories260K.onnx'));
    server = await startVsCode({ workspace });
    browser = await openBrowser();
    code = await browser.openVsCode(server);
    page = new ModelPage(code);
    await code.openFile('stories/stories260K.onnx');
    await (await page.locator('.graph-item')).first().waitFor();
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

  it('a hook name finds the node that makes its value, and the page of the node tells its role', async () => {
    await (await page.locator('.graph-item')).first().click();
    await code.page.keyboard.press('Control+f');
    const field = await page.locator('[role=combobox][aria-label="Search the graph"]');
    await until('the search to have the focus', () => field.evaluate((element) => element === document.activeElement));
    await code.page.keyboard.type('hook:blocks.3.hook_resid_post');
    const count = await page.locator('.graph-search-count');
    await until('one node to be found', async () => (await count.innerText()) === '1 found');
    await code.page.keyboard.press('Enter');
    await page.waitForText('Part of the residual stream.');
    await page.waitForText('blocks.4.hook_resid_pre');
    await code.screenshot('roles of a node');
  });

  it('the table of roles names every value without a run', async () => {
    await page.openTab('passes');
    await (await page.locator('text=What plays which role')).first().click();
    await page.waitForText('5 transformer layers along a residual stream');
    await page.waitForText('blocks.0.attn.hook_pattern');
    await code.screenshot('table of roles');
  });

  it('the equations between roles hold on the inputs', async () => {
    await (await page.locator('text=Do the roles hold?')).first().click();
    await (await page.locator('article.pass vscode-button')).first().click();
    await page.waitForText('All 15 equations hold');
    await code.screenshot('roles proven');
  });
});
