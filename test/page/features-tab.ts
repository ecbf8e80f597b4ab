/** The Features tab of the fake model, before and after its dictionary was run. */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { PageBrowser, Situation } from './browser.js';

export const rows = (page: Page): Locator =>
  page.getByRole('table', { name: 'Features' }).locator('tbody tr:not([aria-hidden])');
export const view = (page: Page): Locator => page.getByRole('region', { name: 'Features', exact: true });

export async function openTab(browser: PageBrowser, situation: Situation): Promise<Page> {
  const page = await browser.open({ model: 'text', ...situation });
  await page.getByRole('tab', { name: 'Features' }).click();
  return page;
}

export async function openFeatures(browser: PageBrowser, situation: Situation = {}): Promise<Page> {
  const page = await openTab(browser, { scenario: 'attached', ...situation });
  await page.getByRole('button', { name: 'Run the dictionary' }).click();
  await expect.poll(() => rows(page).count()).toBeGreaterThan(3);
  return page;
}
