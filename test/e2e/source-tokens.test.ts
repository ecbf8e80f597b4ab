/** From which tokens a feature on the output of attention got its value, looked at in VS Code on the sample language model. */
import { beforeAll, expect, it } from 'vitest';
import { writeIdentityDictionary } from '../unit/dictionary/identity-dictionary.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { languageModelFolder, useVsCode } from './use-vscode.js';

const WIDTH = 96;
const folder = languageModelFolder('source-tokens', 40);
let code: VsCode;
let page: ModelPage;

beforeAll(async () => {
  await writeIdentityDictionary(folder, WIDTH, 'blocks.1.attn.hook_z');
});
useVsCode({ workspace: folder, browser: { viewport: { width: 1500, height: 1000 } } }, (opened) => {
  ({ code, page } = opened);
});

it('tells the strongest token, all tokens in colour, heads and the sum, which is what the dictionary computes', async () => {
  await code.openExplorerContextMenu('sae_weights.safetensors');
  await code.clickMenu('Attach to Model…');
  await code.quickInput.pick('grammar-gpt.onnx');
  await page.waitForText('fits best at');
  await page.openTab('features');
  await page.press('Run the dictionary');
  await page.waitForText(`${2 * WIDTH} features`);
  await (await page.locator('.feature-table .sort-button')).filter({ hasText: 'Largest' }).click();
  await (await page.locator('.feature-table tbody tr:not([aria-hidden])')).first().click();
  await (await page.locator('summary')).filter({ hasText: 'From which tokens' }).click();
  const shown = await page.waitForText(/The dictionary itself computes/);
  const [, sum, computed] = /together\s*([−\d.-]+)\.\s*The dictionary itself computes ([−\d.-]+)\./.exec(shown) ?? [];
  expect(sum).toBe(computed);
  expect(shown).toMatch(/Most from/);
  await page.scrollTo('.source-examples');
  await code.screenshot('source tokens');
  await code.setTheme('Default Light Modern');
  await code.screenshot('source tokens light');
  expect(code.webviewErrors).toEqual([]);
});
