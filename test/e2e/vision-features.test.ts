/** Features of an image network in VS Code: a dictionary of channels is attached, run, and a feature seen on pictures. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { useVsCode } from './use-vscode.js';

const DICTIONARY = 'media/samples/shapes/dictionaries/layer2.block1/sae_weights.safetensors';
let code: VsCode;
let page: ModelPage;

useVsCode(
  { workspace: join(repository, 'media/samples'), copy: true, browser: { viewport: { width: 1500, height: 950 } } },
  (opened) => ({ code, page } = opened),
);

it('a dictionary of channels is attached and run over every place of the pictures', async () => {
  await code.openFile('shapes/shapes-resnet.onnx');
  await page.waitForText('Choose Inputs…');
  await page.openTab('features');
  await page.press('Attach Dictionary…');
  await answerPath(code, join(repository, DICTIONARY));
  await page.waitForText('“sae_weights.safetensors” is attached');
  await page.cancelRun();
  await page.openTab('features');
  await page.press('Run the dictionary');
  const shown = await page.waitForText('96 features');
  // 200 pictures of 12 × 12 places.
  expect(shown).toContain('28,800');
  expect(shown).toMatch(/28,800\s+places/);
  const facts = await (await page.locator('.feature-facts')).first().innerText();
  expect(facts).not.toContain('token');
  await code.screenshot('vision features table');
});

it('a feature is shown on pictures with its places, and measured without it', async () => {
  await (await page.locator('.feature-table .sort-button')).filter({ hasText: 'Largest' }).click();
  const first = (await page.locator('.feature-table tbody tr:not([aria-hidden])')).first();
  expect(await first.innerText()).toMatch(/row \d+, column \d+/);
  await first.click();
  await (await page.locator('.feature-page .place-examples canvas')).first().waitFor();
  expect(await page.text()).toContain('Steps that are not linear lie between');
  await code.screenshot('vision features page dark');
  await (await page.locator('.feature-examples')).first().scrollIntoViewIfNeeded();
  await (await page.locator('.excerpt .text-button')).first().click();
  await until('the total effect to be measured', async () =>
    /KL \d/.test(await (await page.locator('.ablation')).first().innerText()),
  );
  await (await page.locator('.place-examples')).first().scrollIntoViewIfNeeded();
  await code.screenshot('vision features examples dark');
  await code.setTheme('Default Light Modern');
  await code.screenshot('vision features examples light');
  await (await page.locator('.feature-neighbours vscode-button')).first().click();
  await page.waitForText('Correlated channels');
  await (await page.locator('.feature-neighbours')).first().scrollIntoViewIfNeeded();
  await code.screenshot('vision features neighbours');
});

it('what needs tokens says so', async () => {
  await (await page.locator('[role="tab"]')).filter({ hasText: 'On a text' }).click();
  await page.waitForText('every token of a language model');
  await code.screenshot('vision features on a text');
  expect(code.webviewErrors).toEqual([]);
});
