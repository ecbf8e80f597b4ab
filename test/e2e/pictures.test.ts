/**
 * The pictures of the README, from the running product. They are written to media/pictures with
 * MODEL_INSPECTOR_PICTURES=1 (`npm run pictures`), otherwise to test-results, so that a test run changes no file.
 */
import { join } from 'node:path';
import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { themeNames } from './harness/settings.js';
import type { VsCode } from './harness/vscode.js';
import { answerPath, type ModelPage } from './model-page.js';
import { useVsCode } from './use-vscode.js';

const folder = join(
  repository,
  process.env.MODEL_INSPECTOR_PICTURES === '1' ? 'media/pictures' : 'test-results/pictures',
);
const dictionaries = join(repository, 'media/samples/grammar-gpt/dictionaries');
let code: VsCode;
let page: ModelPage;

useVsCode(
  { workspace: join(repository, 'media/samples'), copy: true, browser: { viewport: { width: 1360, height: 850 } } },
  (opened) => ({ code, page } = opened),
);

const picture = async (name: string): Promise<void> => {
  const path = await code.screenshot(join(folder, `${name}.png`));
  // A blank window compresses to a few kilobytes.
  expect(statSync(path).size).toBeGreaterThan(40_000);
};

it('the front page after a run, the heatmap, and a unit with the pictures that excite it', async () => {
  await code.openFile('shapes/shapes-resnet.onnx');
  await page.waitForText('Choose Inputs…');
  await page.run();
  await page.waitForText('In short');
  await (await page.locator('.graph-item')).first().waitFor();
  await (await page.locator('.graph-panel vscode-dropdown')).first().click();
  await (await page.locator('.graph-panel vscode-option')).getByText('Zero share', { exact: true }).first().click();
  await picture('overview');
  await page.openTab('heatmap');
  await (await page.locator('.heatmap-view canvas')).first().waitFor();
  await picture('heatmap');
  await page.clickHeatmap(0.42, 0.55);
  await page.waitForExamples(9);
  await picture('unit');
});

it('the weights as a table, and one tensor', async () => {
  await code.selectTab('shapes-resnet.onnx');
  await page.openTab('weights');
  const row = (await page.locator('.tensor-table tbody tr')).filter({ hasText: 'layer1.block0.conv2.weight' });
  await row.first().click();
  await (await page.locator('.tensor-heatmap canvas')).first().waitFor();
  await page.waitForText('Standard deviation');
  await picture('weights');
});

it('the votes of a picture’s pixels for each class', async () => {
  await code.selectTab('shapes-resnet.onnx');
  await page.openTab('linear');
  await (await page.locator('aside [aria-label="Close"]')).first().click();
  await page.waitForText(/votes −?[\d.]+ \+ biases −?[\d.]+ = logit/);
  await page.scrollTo('.linear-view .map-grid');
  await picture('votes');
});

it('a neuron of the language model, with its texts', async () => {
  await code.openFile('grammar-gpt/grammar-gpt.onnx');
  await page.waitForText('Choose Inputs…');
  await page.run();
  await page.openTab('heatmap');
  await page.clickHeatmap(0.5, 0.06);
  await page.waitForExamples(2);
  await picture('neuron');
});

it('a feature of the language model, with its texts', async () => {
  await code.selectTab('grammar-gpt.onnx');
  await (await page.locator('aside [aria-label="Close"]')).first().click();
  await page.openTab('features');
  await page.press('Attach Dictionary…');
  await answerPath(code, join(dictionaries, 'blocks.2.hook_resid_post/sae_weights.safetensors'));
  await page.waitForText('“sae_weights.safetensors” is attached');
  // Attaching measures where it fits, first.
  await page.openTab('overview');
  await page.waitForText('“sae_weights.safetensors” fits best at');
  await page.openTab('features');
  await page.press('Run the dictionary');
  await page.waitForText('192 features');
  await (await page.locator('.feature-table .sort-button')).filter({ hasText: 'Largest' }).click();
  await (await page.locator('.feature-table tbody tr')).nth(2).click();
  await page.waitForText('Raises');
  await page.scrollTo('.feature-examples');
  await picture('features');
});

it('the circuit of one prediction', async () => {
  await page.openTab('circuits');
  await page.press('Attach Transcoders…');
  await code.quickPick('A folder with one transcoder for each layer…');
  await answerPath(code, dictionaries);
  await page.waitForText('Transcoders for 4 of 4 layers');
  const text = (await page.locator('.circuit-form textarea')).first();
  await text.fill('Tom has four black');
  await text.press('Enter');
  await page.waitForText(/through features/);
  await page.scrollTo('.circuit-window');
  await picture('circuit');
});

it.each(themeNames)('every view in the theme %s', async (theme) => {
  await code.setTheme(theme);
  for (const tab of ['overview', 'weights', 'heatmap', 'linear', 'passes'] as const) {
    await code.selectTab('shapes-resnet.onnx');
    await page.openTab(tab);
    const path = await code.screenshot(join(repository, 'test-results/themes', `${theme} ${tab}.png`));
    expect(statSync(path).size).toBeGreaterThan(40_000);
  }
});
