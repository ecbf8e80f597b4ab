/** “What do attention heads look at?”, asked in VS Code of the sample language model, with its controls. */
import { expect, it } from 'vitest';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { languageModelFolder, useVsCode } from './use-vscode.js';

const folder = languageModelFolder('attention-heads', 40);
let code: VsCode;
let page: ModelPage;

useVsCode({ workspace: folder, browser: { viewport: { width: 1500, height: 950 } } }, (opened) => {
  ({ code, page } = opened);
});

it('is started from its own page, and answers with charts, layers × heads in colour, and all heads', async () => {
  await code.openFile('grammar-gpt.onnx');
  await page.waitForText('Choose Inputs…');
  await page.openTab('passes');
  await (await page.locator('.pass-entry')).filter({ hasText: 'What attention heads look at' }).first().click();
  await (await page.locator('.pass vscode-button')).first().click();
  await page.waitForResult();
  const shown = await page.waitForText(
    /On 40 texts, of 24 heads in 4 attention blocks, \d+ looks? at nearly everything/,
  );
  expect(shown).toMatch(/Induction rests on [\d,]+ of 2,560 tokens/);
  expect(shown).toContain('Previous-token score, layers × heads');
  await code.screenshot('attention heads');
  await page.scrollTo('.chart-frame');
  await code.screenshot('attention heads charts');
  await page.scrollTo('.layer-table');
  await code.screenshot('attention heads tables');
  const shades = await (
    await page.locator('.layer-table td.numeric')
  ).evaluateAll((cells) => cells.slice(0, 24).map((cell) => getComputedStyle(cell).backgroundColor));
  expect(new Set(shades).size).toBeGreaterThan(4);
});

it('random weights and shuffled inputs stand beside it once they are asked for', async () => {
  await page.scrollTo('.compare-controls');
  await page.press('Compare with controls');
  await page.waitForText(/Induction score, strongest head[\s\S]*random weights/i);
  await page.waitForResult();
  await page.scrollTo('.pass .answer');
  await code.setTheme('Default Light Modern');
  await code.screenshot('attention heads controls light');
  await page.scrollTo('.layer-table');
  await code.screenshot('attention heads tables light');
  expect(code.webviewErrors).toEqual([]);
});
