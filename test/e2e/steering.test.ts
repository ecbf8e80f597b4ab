/** Features on a text that a person types, and the network with some of them changed, in VS Code. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const DICTIONARY = 'gpt/dictionaries/blocks.1.hook_resid_post/sae_weights.safetensors';
const TEXT = 'Tom has four black umbrellas. He gives two of them to';

describe('features on a text', () => {
  const workspace = temporaryFolder('steering');
  let code: VsCode;
  let page: ModelPage;
  beforeAll(() => {
    cpSync(join(repository, 'media/samples/grammar-gpt'), join(workspace, 'gpt'), { recursive: true });
  });
  useVsCode({ workspace }, (opened) => ({ code, page } = opened));

  it('a dictionary is attached and run', async () => {
    await code.openFile('gpt/grammar-gpt.onnx');
    await page.waitForText('corpus.npy');
    await page.openTab('features');
    await page.press('Attach Dictionary…');
    await answerPath(code, join(workspace, DICTIONARY));
    // Attaching measures where it fits first.
    await page.waitForText('sae_weights.safetensors');
    await page.waitForResult();
    await page.openTab('features');
    await page.press('Run the dictionary');
    await page.waitForText('dead features');
  });

  it('a text is typed, and the features that fire are told, token by token', async () => {
    await (await page.locator('[data-tab=prompt]')).click();
    const field = (await page.locator('.prompt-text textarea')).first();
    await field.fill(TEXT);
    await field.press('Enter');
    const shown = await page.waitForText(/\d+ features fire on this text/);
    expect(shown).toContain('the text: 15 tokens');
    await (await page.locator('[data-tab=effect]')).click();
    await (await page.locator('.prompt-answer .prompt-token')).nth(5).click();
    await page.waitForText(/features fire at token 6/);
    await (await page.locator('table[aria-label="Features that fire on the text"] tbody tr')).first().click();
    await page.waitForText(/Coloured by feature \d+/);
    await page.scrollTo('.prompt-form');
    await code.screenshot('steering prompt dark');
  });

  it('a feature is changed: the prediction moves, and what is written on stands beside the original', async () => {
    await (await page.locator('table[aria-label="Features that fire on the text"] .text-button')).first().click();
    await (await page.locator('.intervention')).first().waitFor();
    await page.press('Run with these changes');
    await page.waitForText(/KL [\d.e−-]+ nats/);
    const original = (await page.locator('.continuations .tokens')).first();
    await until('a continuation', async () => (await original.innerText()).length > 10);
    expect(await original.innerText()).toContain('Mia');
    await page.scrollTo('.steering');
    await code.screenshot('steering outcome dark');
  });

  it('looks right on a light background, and is reset', async () => {
    await code.setTheme('Default Light Modern');
    await page.scrollTo('.prompt-form');
    await code.screenshot('steering prompt light');
    await page.scrollTo('.steering');
    await code.screenshot('steering outcome light');
    await page.press('Reset');
    await until('nothing to be changed', async () => (await (await page.locator('.intervention')).count()) === 0);
  });

  it('a text beyond the context is cut, and that is said', async () => {
    const field = (await page.locator('.prompt-text textarea')).first();
    await field.fill('Tom '.repeat(200));
    await field.press('Enter');
    await page.waitForText(/The model takes at most 128 tokens/);
  });
});
