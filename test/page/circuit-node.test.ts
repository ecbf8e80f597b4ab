/** The close-up of a node of a circuit: its edges and their checks, its heads, and what weights alone say of it. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lastCall } from './asked.js';
import { startBrowser, type PageBrowser, type Situation } from './browser.js';
import { topmostMark } from './topmost-mark.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const panel = (page: Page): Locator => page.locator('.circuit-node');

/** A circuit of the fake, and one of its outputs looked at. */
async function openOutput(situation: Situation = {}): Promise<Page> {
  const page = await browser.open({ model: 'text', scenario: 'circuits', width: 1600, height: 1000, ...situation });
  await page.getByRole('tab', { name: 'Circuits' }).click();
  const text = page.locator('.circuit-form textarea');
  await text.fill('The dog runs');
  await text.press('Enter');
  const canvas = page.locator('.circuit-window canvas');
  await canvas.waitFor();
  await page.locator('.circuit-mark-token').waitFor();
  // Outputs are of the colour of tokens, and stand above all else.
  await expect.poll(() => topmostMark(canvas)).toBeDefined();
  await canvas.click({ position: (await topmostMark(canvas)) ?? { x: 0, y: 0 } });
  await panel(page).waitFor();
  return page;
}

it('an edge is checked with all held, with normalisations free and with nothing held', async () => {
  const page = await openOutput();
  await panel(page).getByRole('button', { name: 'Check' }).first().click();
  const check = page.locator('.circuit-check');
  await expect.poll(() => check.innerText()).toContain('Total: nothing held');
  const rows = await check.locator('tbody tr').allInnerTexts();
  const numbers = (row: string | undefined): string[] => row?.match(/[-−]?\d\.\d+|–/g) ?? [];
  expect(rows.map(numbers)).toEqual([
    ['-0.5', '-0.5'],
    ['–', '-0.44'],
    ['-0.8', '-0.71'],
  ]);
  await expect.poll(() => check.innerText()).toContain('one unit adds 0.31');
  await page.close();
});

it('heads tell what they hand over, and everything sums to the target', async () => {
  const page = await openOutput();
  await panel(page).getByText('Through which heads', { exact: true }).click();
  const table = panel(page).getByRole('table', { name: 'Through which heads' });
  await expect.poll(() => table.innerText()).toContain('layer 1 head 3');
  expect(await lastCall(page, 'circuitHeads')).toMatchObject({ node: expect.any(Number) as number });
  // 12 of 20 heads are shown, the others and the 61 beyond them have one line.
  expect(await table.locator('tbody').first().locator('tr').count()).toBe(13);
  expect(await table.innerText()).toContain('69 smaller ones');
  expect(await table.locator('.circuit-sums tr').last().innerText()).toMatch(/^Sum.*2\.2$/s);
  expect(await panel(page).innerText()).toContain('The heads of layer 2 are not told apart');
  await page.close();
});

it('weights alone name tokens, earlier features and heads', async () => {
  const page = await openOutput();
  await panel(page).getByText('By weights alone', { exact: true }).click();
  const most = panel(page).getByRole('list', { name: 'Tokens that add most' }).first();
  await expect.poll(() => most.innerText()).toContain('␣cat');
  expect(
    await panel(page).getByRole('list', { name: 'Earlier features that take away most' }).first().innerText(),
  ).toContain('layer 0 feature 88');
  await panel(page).getByText('layer 1 head 3').last().click();
  await expect.poll(() => panel(page).locator('.circuit-head[open]').innerText()).toContain('layer 0 feature 71');

  await page.close();
});
