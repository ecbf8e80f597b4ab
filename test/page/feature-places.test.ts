/** Features where a place is no token: of pictures, of heads of an attention. */
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCalls, lastCall } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';
import { openFeatures, rows, view } from './features-tab.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** The frame around the strongest place is white, whatever the picture is. */
function whitePixels(canvas: Locator): Promise<number> {
  return canvas.evaluate((element: HTMLCanvasElement) => {
    const { width, height } = element;
    const { data } = (element.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, width, height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4)
      if (data[at] === 255 && data[at + 1] === 255 && data[at + 2] === 255) count++;
    return count;
  });
}

describe('features at places of pictures', () => {
  it('are shown on whole pictures, in words without tokens, and what needs a text says so', async () => {
    const page = await openFeatures(browser, { model: 'images', width: 1500, height: 950 });
    expect(await view(page).innerText()).not.toMatch(/token/i);
    expect(await rows(page).first().locator('td:nth-child(3)').innerText()).toMatch(/^input \d+, row \d+, column \d+$/);
    await rows(page).nth(1).press('Enter');
    const examples = page.locator('.feature-page .place-examples').first();
    await expect.poll(() => examples.locator('canvas').count()).toBe(8);
    expect(await page.locator('.feature-page').innerText()).toMatch(/picture_0\.png, row \d+, column \d+/);
    await expect.poll(() => whitePixels(examples.locator('canvas').first())).toBeGreaterThan(10);
    await page.getByRole('tab', { name: 'On a text' }).click();
    await expect.poll(() => view(page).innerText()).toContain('every token of a language model');
    expect(await countCalls(page, 'promptFacts')).toBe(0);
    await page.close();
  });
});

describe('features at patches of pictures', () => {
  it('are shown on whole pictures; of a token that is no patch, the picture has no mark', async () => {
    const page = await openFeatures(browser, {
      scenario: 'attached-patches',
      model: 'images',
      width: 1500,
      height: 950,
    });
    expect(await rows(page).first().locator('td:nth-child(3)').innerText()).toMatch(/^input \d+, row \d+, column \d+$/);
    await rows(page).nth(1).press('Enter');
    const feature = page.locator('.feature-page');
    const examples = feature.locator('.place-examples').first();
    await expect.poll(() => examples.locator('canvas').count()).toBe(8);
    expect(await feature.innerText()).toMatch(/picture_0\.png, row \d+, column \d+/);
    expect(await feature.innerText()).toContain('picture_2.png, class token');
    const white = (example: number): Promise<number> => whitePixels(examples.locator('canvas').nth(example));
    await expect.poll(() => white(0)).toBeGreaterThan(10);
    expect(await white(2)).toBe(0);
    await page.getByRole('tab', { name: 'On a text' }).click();
    await expect.poll(() => view(page).innerText()).toContain('patches of a picture');
    await page.close();
  });
});

describe('features at heads of an attention', () => {
  it('are named by head and token, shown on the tokens of their head, and no list mixes heads', async () => {
    const page = await openFeatures(browser, { scenario: 'attached-heads', width: 1500, height: 950 });
    expect(await view(page).innerText()).toContain('262,144');
    const strongest = await rows(page).locator('td:nth-child(3)').allInnerTexts();
    expect(strongest.filter((text) => text !== '').every((text) => / head [0-7]$/.test(text))).toBe(true);
    await rows(page).nth(1).press('Enter');
    const feature = page.locator('.feature-page');
    await expect.poll(() => feature.innerText()).toMatch(/corpus\.npy row 1, head 1, token 42/);
    expect(await feature.innerText()).toContain('one row for each head and token');
    const example = feature.locator('.excerpt').nth(1);
    await example.locator('.token-strongest').click();
    await expect.poll(() => page.getByRole('dialog').innerText()).toContain('head 1, token 42');
    await page.getByRole('dialog').getByRole('button', { name: 'Run without it here' }).click();
    await expect.poll(() => lastCall(page, 'steer')).toMatchObject({ positions: [128 + 41], at: 128 + 41 });
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: 'On a text' }).click();
    await expect.poll(() => view(page).innerText()).toContain('a list by token would mix the heads');
    expect(await countCalls(page, 'promptFacts')).toBe(0);
    await page.close();
  });
});
