/** Features on a text: typed, run, ranked; features changed on it, and put back. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastCall } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const TEXT = 'The dog runs in the park and the cat sleeps under a tree';
const view = (page: Page) => page.getByRole('region', { name: 'Features', exact: true });
const steering = (page: Page) => page.getByRole('region', { name: 'Steer and ablate' });
const rows = (page: Page) =>
  page.getByRole('table', { name: 'Features that fire on the text' }).locator('tbody tr:not([aria-hidden])');

async function openText(situation: Parameters<PageBrowser['open']>[0] = {}): Promise<Page> {
  const page = await browser.open({ model: 'text', scenario: 'attached', ...situation });
  await page.getByRole('tab', { name: 'Features' }).click();
  await page.getByRole('button', { name: 'Run the dictionary' }).click();
  await page.getByRole('tab', { name: 'On a text' }).click();
  const field = page.getByRole('textbox', { name: /^Text/ });
  await field.fill(TEXT);
  await field.press('Enter');
  await expect.poll(() => rows(page).count()).toBeGreaterThan(3);
  return page;
}

describe('features on a text', () => {
  it('are asked for in the order that a person wants, at one token or all', async () => {
    const page = await openText();
    expect(await lastCall(page, 'prompt')).toEqual({
      prompt: { kind: 'text', text: TEXT },
      rank: 'activation',
      most: 50,
    });
    await page.getByRole('tab', { name: 'Rarest' }).click();
    await page.getByRole('button', { name: '␣runs' }).first().press('Enter');
    await expect.poll(() => lastCall(page, 'prompt')).toMatchObject({ rank: 'rarity', token: 2 });
    await expect.poll(() => view(page).innerText()).toContain('features fire at token 3, “␣runs”');
    await page.getByRole('button', { name: 'All tokens' }).click();
    await expect.poll(() => view(page).innerText()).toContain('features fire on this text');
    await rows(page).first().press('Enter');
    await expect.poll(() => view(page).innerText()).toMatch(/Coloured by feature \d+/);
    await page.close();
  });

  it('of a variant of a value say what is read, and what changing them does', async () => {
    const page = await openText({ scenario: 'variant', width: 1200, height: 1100 });
    const facts = page.getByRole('region', { name: 'What the numbers rest on' });
    expect(await facts.innerText()).toMatch(
      /LayerNormalization_output_0, before its gain and bias, where it fits best of all values .* multiplies with its gain/s,
    );
    expect(await steering(page).innerText()).toContain('both then act on the changed x′');
    await page.close();
  });

  it('are changed, run, and put back', async () => {
    const page = await openText();
    await rows(page).first().getByRole('button', { name: 'Change' }).click();
    const feature = await rows(page).first().locator('td').first().innerText();
    const amount = steering(page).getByRole('spinbutton', { name: `Amount of feature ${feature}` });
    await amount.fill('3.5');
    await amount.press('Tab');
    await steering(page).getByRole('button', { name: 'Run with these changes' }).click();
    await expect.poll(() => steering(page).innerText()).toMatch(/KL [\d.]+ nats/);
    expect(await lastCall(page, 'steer')).toEqual({
      prompt: { kind: 'text', text: TEXT },
      interventions: [{ feature: Number(feature), kind: 'add', amount: 3.5, unit: 'maximum' }],
      positions: 'all',
      continuation: { tokens: 20, temperature: 0, seed: 1 },
    });
    expect(await steering(page).innerText()).toContain('dog dog dog');
    await steering(page).getByRole('tab', { name: 'At chosen tokens' }).click();
    await steering(page).getByRole('button', { name: '␣dog' }).click();
    await steering(page).getByRole('button', { name: 'Run with these changes' }).click();
    await expect.poll(() => lastCall(page, 'steer')).toMatchObject({ positions: [12, 1] });
    await steering(page).getByRole('button', { name: 'Reset' }).click();
    await expect
      .poll(() =>
        steering(page)
          .getByRole('group', { name: /^Change of feature/ })
          .count(),
      )
      .toBe(0);
    await page.close();
  });
});
