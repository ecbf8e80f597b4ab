/** “Would a random network give this too?”, asked in the real VS Code of the sample classifier and of a language model. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { sharedData } from '../unit/shared-data.js';
import { type TestBrowser } from './harness/browser.js';
import { startVsCode } from './harness/server.js';
import type { VsCode } from './harness/vscode.js';
import { ModelPage } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const samples = join(repository, 'media/samples');
const stories = sharedData('derived/stories260K.onnx');
const tokenizer = sharedData('derived/stories260K.tokenizer.json');
const folder = temporaryFolder('controls');

let browser: TestBrowser;
let code: VsCode;
let page: ModelPage;

beforeAll(() => {
  for (const part of ['shapes', 'stories']) mkdirSync(join(folder, part));
  if (stories !== undefined && tokenizer !== undefined) {
    copyFileSync(stories, join(folder, 'stories/stories260K.onnx'));
    copyFileSync(tokenizer, join(folder, 'stories/tokenizer.json'));
    copyFileSync(join(samples, 'grammar-gpt/corpus.txt'), join(folder, 'stories/corpus.txt'));
    const inputs = { tokens: { source: 'text', path: 'corpus.txt', windows: 'packed', length: 64 } };
    writeFileSync(
      join(folder, 'stories/stories260K.inspect.json'),
      JSON.stringify({ version: 1, inputs, tokenizer: 'tokenizer.json', limit: 40 }),
    );
  }
});
useVsCode({ workspace: samples, copy: true }, (opened) => ({ browser, code, page } = opened));

describe('controls of the sample classifier', () => {
  it('are offered with their cost once there is a result', async () => {
    await code.openExplorerContextMenu('shapes/shapes-resnet.onnx');
    await code.clickMenu('Inspect Model');
    await page.waitForText(/Opset\s+17/);
    await page.run();
    const shown = await page.waitForText('Compare with controls');
    expect(shown).toMatch(/random weights and on shuffled inputs: about two more runs of [\d.]+ (ms|s|min)/);
  });

  it('stand beside every answer, every finding that they give too is marked, and how they were made is told', async () => {
    await (await page.locator('.overview .compare-controls vscode-button')).first().click();
    await page.waitForText(/random weights: \d+ %.*shuffled inputs: \d+ %/);
    await page.waitForResult();
    await (await page.locator('#answers-title')).scrollIntoViewIfNeeded();
    await code.screenshot('controls overview');
    await (await page.locator('.compare-summary')).first().click();
    const shown = await page.waitForText(/tensors of weights \([\d,]+ numbers\) were redrawn/);
    expect(shown).toMatch(/Zero share: \d+ % \(\d+ % to \d+ % in 95 % of 200 resamples of the 200 inputs\)/);
  });

  it('are columns of the layer table and of the numbers at the top of a pass', async () => {
    await page.openTab('passes');
    await (await page.locator('.pass-entry')).filter({ hasText: 'Zero sparsity' }).first().click();
    await (await page.locator('.headlines th')).filter({ hasText: 'Random weights' }).first().waitFor();
    expect(await page.text()).toContain('Zero share, random weights');
    await code.screenshot('controls pass');
  });
});

describe.skipIf(stories === undefined || tokenizer === undefined)('controls of a language model', () => {
  it('are a dashed line for each layer in the curves over tokens', async () => {
    const other = await startVsCode({ workspace: join(folder, 'stories'), copy: true });
    try {
      const window = await browser.openVsCode(other);
      const second = new ModelPage(window);
      await window.openExplorerContextMenu('stories260K.onnx');
      await window.clickMenu('Inspect Model');
      await second.waitForText('windows of 64 tokens');
      await second.run();
      await second.openTab('passes');
      await (await second.locator('.pass-entry')).filter({ hasText: 'Signal propagation' }).first().click();
      await (await second.locator('.compare-controls vscode-button')).first().click();
      await (
        await second.locator('.headlines th')
      )
        .filter({ hasText: 'Shuffled inputs' })
        .first()
        .waitFor({ timeout: 120_000 });
      await window.screenshot('controls language model');
      expect(await second.text()).toMatch(/Variance, last ÷ first/);
    } finally {
      await other.dispose();
    }
  });
});
