/** Features in VS Code: a dictionary is attached, run, sorted, and one feature looked at. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { useVsCode } from './use-vscode.js';

const DICTIONARY = 'media/samples/grammar-gpt/dictionaries/blocks.1.hook_resid_post/sae_weights.safetensors';
let code: VsCode;
let page: ModelPage;

useVsCode(
  { workspace: join(repository, 'media/samples'), copy: true, browser: { viewport: { width: 1500, height: 950 } } },
  (opened) => ({ code, page } = opened),
);

async function column(number: number): Promise<string[]> {
  return (await page.locator(`.feature-table tbody tr:not([aria-hidden]) td:nth-child(${number})`)).allInnerTexts();
}

it('a model without a dictionary offers to attach one, which is then measured', async () => {
  await code.openFile('grammar-gpt/grammar-gpt.onnx');
  await page.waitForText('Choose Inputs…');
  await page.openTab('features');
  await page.waitForText('No dictionary is attached');
  await code.screenshot('features none attached');
  await page.press('Attach Dictionary…');
  await answerPath(code, join(repository, DICTIONARY));
  await page.waitForText('“sae_weights.safetensors” is attached');
  // The measure of where it fits is another test’s.
  await page.cancelRun();
  await code.screenshot('features attached');
});

it('its features are gathered in one run, and sorted', async () => {
  await page.openTab('features');
  await page.press('Run the dictionary');
  await page.waitForText('192 features');
  const shown = await page.text();
  // 200 of the corpus’s rows, each 64 tokens long.
  expect(shown).toContain('12,800');
  expect(shown).toContain('as its configuration says');
  await (await page.locator('.feature-table .sort-button')).filter({ hasText: 'Largest' }).click();
  const largest = (await column(6)).map(Number);
  expect(largest.length).toBeGreaterThan(5);
  expect(largest).toEqual(largest.toSorted((a, b) => b - a));
  await code.screenshot('features table');
});

it('a list is imported from a file, and what it shows is exported', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'feature-lists-'));
  try {
    const [list, out] = [join(folder, 'list.txt'), join(folder, 'out.jsonl')];
    await writeFile(list, '7, 101\n');
    await (await page.locator('.feature-table .text-button')).filter({ hasText: 'Import list…' }).click();
    await page.press('Choose File…');
    await answerPath(code, list);
    await page.waitForText('numbers of features, 2 features');
    await code.screenshot('features list read');
    await page.press('Show these features');
    await until('only the listed to be shown', async () => (await column(1)).toSorted().join() === '101,7');
    await (await page.locator('.feature-table .text-button')).filter({ hasText: 'Export…' }).click();
    await (await page.locator('.menu-item')).filter({ hasText: 'Neuronpedia' }).click();
    await answerPath(code, out);
    await page.waitForText('2 features written as Neuronpedia has them');
    await code.screenshot('features exported');
    const lines = (await readFile(out, 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { index: string }).index).toSorted()).toEqual(['101', '7']);
    await (await page.locator('.list-chip vscode-button')).click();
    await page.waitForText('192 features');
    // The palette does the same, of all features, whatever is shown.
    const everything = join(folder, 'all.jsonl');
    await code.runCommand('Model Inspector: Export Features…');
    await code.quickPick('Neuronpedia features (.jsonl)');
    await answerPath(code, everything);
    await page.waitForText('192 features written as Neuronpedia has them');
    expect((await readFile(everything, 'utf8')).trim().split('\n')).toHaveLength(192);
    await code.runCommand('Model Inspector: Import Feature List…');
    await answerPath(code, list);
    await page.waitForText('numbers of features, 2 features');
    await code.screenshot('features list from the palette');
    await (await page.locator('.list-notice [aria-label="Leave the list"]')).first().click();
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('a feature tells what it fires on, and is still there after the page was hidden', async () => {
  await (await page.locator('.feature-table tbody tr:not([aria-hidden])')).first().click();
  await (await page.locator('.feature-page .excerpts .token')).first().waitFor();
  const title = await (await page.locator('.feature-page h2')).first().innerText();
  expect(await page.text()).toContain('Logit effects of all tokens');
  await code.screenshot('features page dark');
  await (await page.locator('.excerpt .text-button')).first().click();
  await until('the total effect to be measured', async () =>
    /KL \d/.test(await (await page.locator('.ablation')).first().innerText()),
  );
  await (await page.locator('.ablation')).first().scrollIntoViewIfNeeded();
  await code.screenshot('features without it');
  await (await page.locator('.feature-page .excerpts .token-strongest')).first().click();
  const card = (await page.locator('.token-card')).first();
  await card.getByText('Run without it here').click();
  await until('the card to tell the total effect', async () => /Total effect[\s\S]*KL/.test(await card.innerText()));
  expect(await card.innerText()).toMatch(/Direct effect on the logits of the next token/);
  await code.screenshot('features token card dark');
  await (await page.locator('.feature-neighbours vscode-button')).first().click();
  await page.waitForText(/Nearest/);
  await (await page.locator('.feature-neighbours')).first().scrollIntoViewIfNeeded();
  await code.screenshot('features neighbours dark');
  await code.setTheme('Default Light Modern');
  await code.screenshot('features page light');
  await (await page.locator('.feature-examples')).scrollIntoViewIfNeeded();
  await code.screenshot('features examples light');
  await code.openFile('shapes/shapes-resnet.onnx');
  await page.waitForText('Choose Inputs…');
  await code.openFile('grammar-gpt/grammar-gpt.onnx');
  await (await page.locator('.feature-page .excerpts .token')).first().waitFor();
  expect(await (await page.locator('.feature-page h2')).first().innerText()).toBe(title);
  expect(code.webviewErrors).toEqual([]);
});
