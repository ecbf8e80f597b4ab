/** From which tokens a feature on the output of attention got its value: on its page, on a token's card, on a text. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCalls, lastCall } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const pageOf = (page: Page, feature: number) => page.getByRole('article', { name: `Feature ${feature}` });

async function openFeatures(situation: Parameters<PageBrowser['open']>[0] = {}): Promise<Page> {
  const page = await browser.open({ model: 'text', scenario: 'attached-attention', theme: 'light', ...situation });
  await page.getByRole('tab', { name: 'Features' }).click();
  await page.getByRole('button', { name: 'Run the dictionary' }).click();
  await page.getByRole('table', { name: 'Features' }).locator('tbody tr').first().waitFor();
  return page;
}

async function openFeature(page: Page, feature: number): Promise<void> {
  await page.getByRole('textbox', { name: 'Filter features' }).fill(String(feature));
  await page
    .getByRole('table', { name: 'Features' })
    .getByRole('cell', { name: String(feature), exact: true })
    .click();
  await pageOf(page, feature).waitFor();
}

async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['SHOTS'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}

describe('on the page of a feature', () => {
  it('asks only when it is opened, and tells the strongest token, heads and the sum', async () => {
    const page = await openFeatures({ width: 1500, height: 1100 });
    await openFeature(page, 5);
    expect(await countCalls(page, 'sourceTokens')).toBe(0);
    const own = pageOf(page, 5);
    await own.getByText('From which tokens').click();
    await expect.poll(() => own.locator('.source-row').count()).toBe(4);
    expect(await countCalls(page, 'sourceTokens')).toBe(4);
    const text = await own.locator('.source-tokens').first().innerText();
    expect(text).toMatch(/Most from .+, (\d+ tokens? earlier|the token itself): [+−-][\d.]+ of [\d.−-]+ at/);
    expect(text).toContain('Through which heads');
    expect(text).toContain('2 more heads');
    expect(text).toMatch(/All tokens .+, biases .+: together .+\. The dictionary itself computes/);
    const hover = await own.locator('.source-row .token').last().getAttribute('title');
    expect(hover).toMatch(/^“.+”, the token itself: .+\nhead \d: .+ \(attends .+%\)/);
    await own.locator('.source-tokens').first().scrollIntoViewIfNeeded();
    await shoot(page, 'source-tokens-page');
    await own
      .getByRole('button', { name: /^All \d+$/ })
      .last()
      .click();
    await expect.poll(() => own.locator('.source-row').count()).toBeGreaterThan(4);
    await page.close();
  });

  it('says why where it does not apply', async () => {
    const page = await openFeatures({ scenario: 'attached' });
    await openFeature(page, 5);
    await expect.poll(() => pageOf(page, 5).innerText()).toContain('not the output of attention alone');
    expect(await pageOf(page, 5).getByText('From which tokens', { exact: true }).count()).toBe(0);
    await page.close();
  });
});

it('on the card of a token', async () => {
  const page = await openFeatures({ width: 1500, height: 1000 });
  await openFeature(page, 5);
  await pageOf(page, 5).locator('.token-strongest').first().click();
  const card = page.getByRole('dialog');
  await card.getByRole('button', { name: 'From which tokens' }).click();
  await expect.poll(() => card.innerText()).toContain('Most from');
  await card.locator('.source-row').scrollIntoViewIfNeeded();
  await shoot(page, 'source-tokens-card');
  await page.close();
});

it('on a text, for the token and the feature that are chosen', async () => {
  const page = await openFeatures({ width: 1500, height: 1000 });
  await page.getByRole('tab', { name: 'On a text' }).click();
  const field = page.getByRole('textbox', { name: /^Text/ });
  await field.fill('The old dog of the cat runs in the park and sleeps');
  await field.press('Enter');
  const list = page.locator('.prompt-answer');
  await expect.poll(() => list.innerText()).toContain('Choose a feature and a token');
  await list.locator('.prompt-token').nth(7).click();
  await page.getByRole('table', { name: 'Features that fire on the text' }).locator('tbody tr').first().click();
  await list.getByRole('button', { name: /From which tokens does feature \d+ get its value at token 8/ }).click();
  await expect.poll(() => list.innerText()).toContain('Most from');
  expect(await lastCall(page, 'sourceTokens')).toMatchObject({ position: 7, prompt: { kind: 'text' } });
  await shoot(page, 'source-tokens-text');
  await page.close();
});
