/** The linear interpreter in VS Code: votes that add up, rows, hidden cuts chosen on the graph, patching, export. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const target = temporaryFolder('linear');
let code: VsCode;
let page: ModelPage;

useVsCode(
  { workspace: join(repository, 'media/samples'), copy: true, browser: { viewport: { width: 1360, height: 900 } } },
  (opened) => ({ code, page } = opened),
);

const EQUATION = /votes (−?[\d.]+) \+ biases (−?[\d.]+) = logit (−?[\d.]+)/g;

/** The equations that the page shows, as numbers. */
async function equations(): Promise<readonly { votes: number; biases: number; logit: number }[]> {
  const text = (await page.text()).replaceAll(/\s+/g, ' ').replaceAll('−', '-');
  const found = text.matchAll(new RegExp(EQUATION.source.replaceAll('−', '-'), 'g'));
  return [...found].map(([, votes, biases, logit]) => ({
    votes: Number(votes),
    biases: Number(biases),
    logit: Number(logit),
  }));
}

async function openPart(name: string): Promise<void> {
  await (await page.locator(`.linear-view [role=tab]`)).filter({ hasText: name }).first().click();
}

it('each class has its votes, and votes and biases add up to its logit', async () => {
  await code.openFile('shapes/shapes-resnet.onnx');
  await page.waitForText('Choose Inputs…');
  await page.openTab('linear');
  await page.waitForText('Votes and biases add up to what the network computed');
  await until('three equations', async () => (await equations()).length === 3);
  const shown = await equations();
  for (const { votes, biases, logit } of shown) expect(votes + biases).toBeCloseTo(logit, 1);
  // The largest logit stands first, and it is that of the picture's own class.
  expect(shown.map(({ logit }) => logit)).toEqual(shown.map(({ logit }) => logit).sort((a, b) => b - a));
  expect(await page.text()).toContain('Votes for circle');
  await code.screenshot('linear votes');
});

it('a map of votes is saved as a picture that says what it shows', async () => {
  const frame = (await page.locator('.linear-view figure, .linear-view .map-frame')).filter({
    hasText: 'Votes for circle',
  });
  await frame.first().locator('button[aria-label^="Save"], [role=button][aria-label^="Save"]').first().click();
  const png = (await page.locator('[role=menuitem], .popover button')).filter({ hasText: 'PNG' });
  if ((await png.count()) > 0) await png.first().click();
  const path = join(target, 'votes.png');
  await answerPath(code, path);
  await until('the picture to be written', async () => {
    try {
      return readFileSync(path).subarray(1, 4).toString() === 'PNG';
    } catch {
      return false;
    }
  });
});

it('a node of the graph becomes the end of the system', async () => {
  await page.openTab('overview');
  await (await page.locator('[data-id="layer1/block0"]')).click();
  await code.page.keyboard.press('Enter');
  await (
    await page.locator('.graph-item[data-id^="#"]')
  )
    .filter({ hasText: /relu|Relu/ })
    .first()
    .click();
  await (await page.locator('vscode-button')).filter({ hasText: 'End it here' }).click();
  await (await page.locator('[data-tab=linear][aria-selected=true]')).waitFor();
  await page.waitForText('Votes and biases add up to what the network computed');
  await code.screenshot('linear hidden cut');
  await (await page.locator('.cut-end')).last().locator('button').first().click();
  await (await page.locator('[role=option]')).filter({ hasText: 'own end' }).first().click();
  await openPart('Votes');
  await until('the logits again', async () => (await equations()).length === 3);
});

it('the strongest patterns are found, with their gains in order', async () => {
  await openPart('Strongest patterns');
  await (await page.locator('vscode-button')).filter({ hasText: 'Find the strongest patterns' }).click();
  const shown = await page.waitForText(/Pattern 4: amplified [\d.]+ times/);
  const gains = [...shown.matchAll(/Pattern \d: amplified ([\d.]+) times/g)].map(([, gain]) => Number(gain));
  expect(gains).toHaveLength(4);
  expect(gains).toEqual([...gains].sort((a, b) => b - a));
  await code.screenshot('linear strongest patterns');
});

it('tokens of a language model vote from their embeddings on', async () => {
  await code.openFile('grammar-gpt/grammar-gpt.onnx');
  await page.waitForText('Choose Inputs…');
  await page.openTab('linear');
  const shown = await page.waitForText('Votes and biases add up to what the network computed');
  expect(shown).toMatch(/embedding/);
  await openPart('Votes');
  await (await page.locator('.linear-view .tokens .token, .linear-view .tokens span')).first().waitFor();
  // What the model expects next is named as its tokenizer reads it.
  await page.waitForText(/Votes for “ the” at “[^”]+” \(token 64\)/);
  await code.screenshot('linear tokens');
});

it('attributions stand beside the votes, each with what it leaves unexplained', async () => {
  await openPart('Attribution');
  await (await page.locator('vscode-button')).filter({ hasText: 'Integrate gradients' }).click();
  await until('four methods for an output', async () => {
    const first = (await page.locator('.linear-view .output-scores')).first();
    const shown = (await first.count()) === 0 ? '' : await first.innerText();
    return ['Votes', 'Gradient × input', 'Relevance', 'Integrated gradients'].every((name) => shown.includes(name));
  });
  await (await page.locator('.linear-view .output-scores')).first().scrollIntoViewIfNeeded();
  await code.screenshot('linear attribution');
});

it('patching shows which parts of another text’s run change the prediction', async () => {
  await openPart('Patching');
  await (await page.locator('vscode-button')).filter({ hasText: 'Patch part by part' }).click();
  await (await page.locator('.linear-view .linear-part canvas')).first().waitFor({ timeout: 120_000 });
  await page.waitForText(/correlat/i);
  await (await page.locator('.linear-view .linear-part canvas')).first().scrollIntoViewIfNeeded();
  await code.screenshot('linear patching');
});
