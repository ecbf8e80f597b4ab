/** “How many neurons could be skipped, and at what loss?”, asked in VS Code of the sample language model, with its controls. */
import { expect, it } from 'vitest';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { languageModelFolder, useVsCode } from './use-vscode.js';

const folder = languageModelFolder('skipping', 40);
let code: VsCode;
let page: ModelPage;

useVsCode({ workspace: folder, browser: { viewport: { width: 1500, height: 950 } } }, (opened) => {
  ({ code, page } = opened);
});

it('an experiment is started from its own page, and its answer is a share, a chart and a table by layer', async () => {
  await code.openFile('grammar-gpt.onnx');
  await page.waitForText('Choose Inputs…');
  await page.openTab('passes');
  await (await page.locator('.pass-entry')).filter({ hasText: 'Skippable neurons' }).first().click();
  await (await page.locator('.pass vscode-button')).first().click();
  await page.waitForResult();
  await page.waitForText(/\d+ % of the MLP neurons per token can be skipped on 40 texts/);
  const shown = await page.waitForText('By layer, at 1 % more perplexity');
  expect(shown).toMatch(/least is skipped of blocks\.\d\.mlp \(\d+ %\)|resists?: less than half/);
  expect(shown).toContain('CETT');
  await code.screenshot('skipping dark');
  await page.scrollTo('.chart-frame');
  await code.screenshot('skipping charts dark');
});

it('random weights and shuffled inputs stand beside it once they are asked for', async () => {
  await page.scrollTo('.compare-controls');
  await page.press('Compare with controls');
  await page.waitForText(/Can be skipped[\s\S]*random weights/i);
  await page.waitForResult();
  await page.scrollTo('.pass .answer');
  await code.setTheme('Default Light Modern');
  await code.screenshot('skipping controls light');
  expect(code.webviewErrors).toEqual([]);
});
