/** What a circuit is asked of: the form, what is said before there is one, and what is said when it fails. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countCalls, lastCall } from './asked.js';
import { startBrowser, type PageBrowser, type Situation } from './browser.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

async function openTab(situation: Situation): Promise<Page> {
  const page = await browser.open(situation);
  await page.getByRole('tab', { name: 'Circuits' }).click();
  return page;
}

const openForm = (): Promise<Page> => openTab({ model: 'text', scenario: 'circuits' });
const text = (page: Page): Locator => page.locator('.circuit-form textarea');
const find = (page: Page): Locator => page.locator('vscode-button', { hasText: 'Find the circuit' });

async function choose(page: Page, label: string, choice: string): Promise<void> {
  await page
    .locator('.circuit-target label, .circuit-target .select', { hasText: label })
    .locator('vscode-dropdown')
    .click();
  await page.locator('vscode-option', { hasText: choice }).last().click();
}

it('without transcoders it says what they are and offers to attach them', async () => {
  const page = await openTab({ model: 'text' });
  const view = page.locator('.circuits-view');
  expect(await view.innerText()).toContain('No transcoders are attached to this model yet.');
  await view.locator('vscode-button', { hasText: 'Attach Transcoders…' }).click();
  await expect.poll(() => lastCall(page, 'command')).toEqual({ command: 'modelInspector.attachTranscoders' });
  expect(await page.locator('.circuit-form').count()).toBe(0);
  await page.close();
});

it('tells which transcoder stands for which layer, and why others stand nowhere', async () => {
  const page = await openForm();
  expect(await page.locator('.circuit-set').innerText()).toContain('Transcoders for 2 of 3 layers');
  await page.getByText('Which stands for which layer').click();
  const told = page.locator('.circuit-set');
  await expect.poll(() => told.innerText()).toContain('layer 2: none; what its MLP writes counts as error');
  expect(await told.innerText()).toContain('not used: layer_9.safetensors.');
  await page.close();
});

it('asks nothing without a text, and Enter asks; Shift+Enter begins a line', async () => {
  const page = await openForm();
  expect(await find(page).getAttribute('disabled')).not.toBeNull();
  await text(page).press('Enter');
  expect(await countCalls(page, 'circuit')).toBe(0);
  await text(page).fill('The dog');
  await text(page).press('Shift+Enter');
  await text(page).pressSequentially('runs');
  await text(page).press('Enter');
  await expect
    .poll(() => lastCall(page, 'circuit'))
    .toEqual({
      input: { kind: 'prompt', text: 'The dog\nruns' },
      target: { kind: 'likely' },
      maximumFeatures: 2000,
    });
  await page.close();
});

it('asks for the difference of two tokens, or for a feature, at a token', async () => {
  const page = await openForm();
  await text(page).fill('The dog runs');
  await choose(page, 'Explain', 'why one token rather than another');
  await page.locator('.circuit-target vscode-text-field input').first().fill('cat');
  await find(page).click();
  await expect.poll(() => lastCall(page, 'circuit')).toMatchObject({ target: { kind: 'difference', token: 'cat' } });
  await choose(page, 'Explain', 'why one feature fires');
  await choose(page, 'Where', 'after a token');
  await page.getByLabel('Feature', { exact: true }).fill('12');
  await page.getByLabel('Token, from 1').fill('2');
  await find(page).click();
  await expect
    .poll(() => lastCall(page, 'circuit'))
    .toMatchObject({ target: { kind: 'feature', layer: 0, feature: 12 }, position: 1 });
  await page.close();
});

it('a problem says what to do and is tried again; a long search tells how far it is and is cancelled', async () => {
  const page = await openForm();
  await text(page).fill('silent');
  await text(page).press('Enter');
  const problem = page.locator('.circuits-view .problem');
  await expect.poll(() => problem.innerText()).toContain('Feature 7 of that layer is not active at token 3.');
  expect(await problem.innerText()).toContain('Choose a token at which it is active.');
  await problem.locator('vscode-button', { hasText: 'Try again' }).click();
  await expect.poll(() => countCalls(page, 'circuit')).toBe(2);
  await text(page).fill('long');
  await text(page).press('Enter');
  const bar = page.getByRole('progressbar', { name: 'Following what makes up the answer' });
  await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('25');
  await page.locator('.circuits-view').getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => page.evaluate(() => window.fake.cancelled)).toContain('circuit');
  await expect.poll(() => bar.count()).toBe(0);
  await page.close();
});
