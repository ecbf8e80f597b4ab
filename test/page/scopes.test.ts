import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { item } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const trail = (page: Page): Promise<string[]> =>
  page.getByRole('navigation', { name: 'Graphs around this one' }).locator('button, span').allInnerTexts();
const ids = (page: Page): Promise<(string | null)[]> =>
  page.locator('.graph-svg [data-id]').evaluateAll((boxes) => boxes.map((box) => box.getAttribute('data-id')));

describe('the graph inside a node', () => {
  it('opens from the node’s page, and the trail leads back', async () => {
    const page = await browser.open({ model: 'branching' });
    await item(page, '#1').click();
    const panel = page.getByRole('complementary', { name: 'Selection' });
    await expect.poll(() => panel.locator('.node-bodies').innerText()).toContain('Open then_branch');
    expect(await trail(page)).toEqual([]);
    await panel.getByText('Open else_branch').click();
    await expect.poll(() => trail(page)).toEqual(['branches.onnx', 'else_branch']);
    expect((await ids(page)).every((id) => id?.startsWith('#1.1/'))).toBe(true);
    await page.getByRole('button', { name: 'branches.onnx' }).click();
    await expect.poll(() => item(page, '#1').count()).toBe(1);
    expect(await trail(page)).toEqual([]);
    await page.close();
  });

  it('opens with a double click, and Backspace and Alt+Left go one graph outwards', async () => {
    const page = await browser.open({ model: 'branching' });
    await item(page, '#1').dblclick();
    await item(page, '#1.0/#1').dblclick();
    await expect.poll(() => trail(page)).toEqual(['branches.onnx', 'then_branch', 'body']);
    await page.locator('.graph-svg [tabindex="0"]').first().focus();
    await page.keyboard.press('Backspace');
    await expect.poll(() => trail(page)).toEqual(['branches.onnx', 'then_branch']);
    await item(page, '#1.0/#0').click();
    await page.keyboard.press('Alt+ArrowLeft');
    await expect.poll(() => item(page, '#1').count()).toBe(1);
    await page.close();
  });

  it('opens with Enter, and keeps which modules are open while others are looked at', async () => {
    const page = await browser.open({ model: 'branching' });
    await item(page, '#1').focus();
    await page.keyboard.press('Enter');
    await item(page, '#1.0/#1').dblclick();
    await item(page, '#1.0/#1.0/step').dblclick();
    await expect.poll(() => item(page, '#1.0/#1.0/step').getAttribute('aria-expanded')).toBe('true');
    await page.getByRole('button', { name: 'then_branch' }).click();
    await item(page, '#1.0/#1').dblclick();
    await expect.poll(() => item(page, '#1.0/#1.0/step').getAttribute('aria-expanded')).toBe('true');
    await page.close();
  });

  it('gives way to what is selected elsewhere', async () => {
    const page = await browser.open({ model: 'branching' });
    await item(page, '#1').dblclick();
    await expect.poll(() => item(page, '#1.0/#0').count()).toBe(1);
    await page.evaluate(() => window.fake.page.selectionChanged({ item: '#1' }));
    await expect.poll(() => item(page, '#1').getAttribute('aria-pressed')).toBe('true');
    await page.close();
  });
});
