/** Roles and hook names of a language model, in the graph, on a node's page and as a question. */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const data = process.env.MODEL_INSPECTOR_DATA ?? resolve(repository, '../shared/data');
const model = join(data, 'derived/stories260K.onnx');

describe.skipIf(!existsSync(model))(`roles${existsSync(model) ? '' : ` (missing: ${model})`}`, () => {
  const workspace = temporaryFolder('roles');
  let code: VsCode;
  let page: ModelPage;

  beforeAll(() => {
    mkdirSync(join(workspace, 'stories'));
    cpSync(model, join(workspace, 'stories/stories260K.onnx'));
  });
  useVsCode({ workspace }, (opened) => ({ code, page } = opened));
  beforeAll(async () => {
    await code.openFile('stories/stories260K.onnx');
    await (await page.locator('.graph-item')).first().waitFor();
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
