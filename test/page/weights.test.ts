/** The Weights tab and the page of one tensor, in a real browser. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastCall } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const rows = (page: Page) => page.getByRole('table', { name: 'Tensors' }).locator('tbody tr:not([aria-hidden])');
const panel = (page: Page) => page.getByRole('region', { name: 'Tensor', exact: true });

async function openWeights(situation: Parameters<PageBrowser['open']>[0] = {}): Promise<Page> {
  const page = await browser.open(situation);
  await page.getByRole('tab', { name: 'Weights' }).click();
  await expect.poll(() => rows(page).count()).toBeGreaterThan(3);
  return page;
}

/** The first tensor of four axes. */
async function openKernels(page: Page): Promise<string> {
  const row = rows(page).filter({ hasText: '3 × 3' }).first();
  const name = (await row.locator('td').first().innerText()).trim();
  await row.click();
  await expect.poll(() => panel(page).getByRole('heading', { level: 2 }).innerText()).toBe(name);
  return name;
}

describe('the table of weights', () => {
  it('lists every tensor, sorts by size, and is narrowed by what is typed', async () => {
    const page = await openWeights();
    const all = await rows(page).count();
    await page.getByRole('button', { name: 'Size' }).click();
    const sizes = await rows(page)
      .locator('td:nth-child(5) span')
      .evaluateAll((cells) => cells.map((cell) => Number(cell.getAttribute('title')?.replace(/\D/g, ''))));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    await page.getByRole('textbox', { name: 'Filter tensors' }).fill('float16');
    await expect.poll(() => rows(page).count()).toBeLessThan(all);
    await expect.poll(() => page.getByText(/\d+ of \d+ tensors/).count()).toBe(1);
    await page.close();
  });

  it('is summed up by modules, which are entered one by one', async () => {
    const page = await openWeights();
    await page.getByRole('tab', { name: 'Modules', exact: true }).click();
    const modules = page.getByRole('table', { name: 'Modules' });
    const shares = (): Promise<string[]> => modules.locator('tbody tr td:last-child').allInnerTexts();
    const sum = (await shares()).reduce((all, text) => all + Number(text.replace(/[^0-9.]/g, '')), 0);
    expect(sum).toBeGreaterThan(99);
    expect(sum).toBeLessThan(101);
    const [name = ''] = (await modules.locator('tbody tr').first().innerText()).split(' ');
    await modules.locator('tbody tr').first().press('Enter');
    await expect.poll(() => page.getByRole('navigation', { name: 'Module shown' }).innerText()).toContain(name);
    await page.close();
  });

  it('is a map, too, whose areas are bytes: a module’s head opens it alone, and there is a way back', async () => {
    const page = await openWeights();
    await page.getByRole('tab', { name: 'Map', exact: true }).click();
    const map = page.getByRole('region', { name: 'Map of weights' });
    const boxes = map.getByRole('button', { name: /^tensor / });
    await expect.poll(() => boxes.count()).toBeGreaterThan(3);
    const all = await boxes.count();
    await map
      .getByRole('button', { name: /^module / })
      .first()
      .press('Enter');
    await expect.poll(() => boxes.count()).toBeLessThan(all);
    await page.getByRole('navigation', { name: 'Module shown' }).getByText('all').click();
    await expect.poll(() => boxes.count()).toBe(all);
    await page.close();
  });
});

describe('a tensor', () => {
  it('shows its picture, its histogram and its statistics, and where it is used', async () => {
    const page = await openWeights();
    const name = await openKernels(page);
    const picture = page.getByRole('application', { name: new RegExp(`^Weights of ${name}`) });
    await expect.poll(() => picture.count()).toBe(1);
    const statistics = page.getByRole('table', { name: `Statistics of ${name}` });
    await expect.poll(() => statistics.innerText()).toContain('Standard deviation');
    await page.getByRole('tab', { name: 'Sizes (logarithmic)' }).click();
    await expect.poll(() => page.getByRole('img', { name: /^Histogram of/ }).count()).toBe(1);
    await panel(page).getByTitle('Show it in the graph').click();
    await expect.poll(() => page.getByRole('tab', { name: 'Overview' }).getAttribute('aria-selected')).toBe('true');
    await page.close();
  });

  it('turns along any two axes, and reads the cell under the cursor', async () => {
    const page = await openWeights();
    await openKernels(page);
    const choose = async (label: string, option: string): Promise<void> => {
      await panel(page).getByLabel(label, { exact: true }).click();
      await page.getByRole('option', { name: option }).click();
    };
    await choose('Show', 'two axes');
    await choose('Down', 'axis 2 (3)');
    await choose('Across', 'axis 3 (3)');
    await panel(page).getByLabel('Axis 0 at').fill('5');
    const expected = { kind: 'matrix', view: { rowAxis: 2, columnAxis: 3, indices: [5, 0, 0, 0] } };
    await expect.poll(() => lastCall(page, 'tensorTile')).toMatchObject({ picture: expected });
    const picture = page.getByRole('application', { name: /^Weights of/ });
    await picture.focus();
    await picture.press('ArrowDown');
    await picture.press('ArrowRight');
    await expect.poll(() => page.locator('.tensor-heatmap .readout').innerText()).toContain('[5, 0, 1, 1]');
    await page.close();
  });

  it('shows the values themselves, copies what is selected, and is saved as a file', async () => {
    const page = await openWeights();
    await openKernels(page);
    await page.getByText('Values', { exact: true }).last().click();
    const grid = page.getByRole('grid', { name: /^Values of/ });
    const cell = (line: number, column: number) => grid.locator('tbody tr').nth(line).locator('td').nth(column);
    await expect.poll(() => cell(2, 2).innerText()).toMatch(/^-?\d/);
    const shown = [await cell(1, 1).innerText(), await cell(1, 2).innerText()];
    await cell(1, 1).click();
    await cell(1, 2).click({ modifiers: ['Shift'] });
    await page.keyboard.press('Control+c');
    await grid.press('Control+c');
    await expect.poll(() => lastCall(page, 'copyText')).toEqual({ text: shown.join('\t') });
    await page.getByText('Save as .npy').click();
    await expect.poll(() => lastCall(page, 'saveTensor')).toMatchObject({ format: 'npy' });
    await page.close();
  });

  it('is reached from the node that reads it', async () => {
    const page = await browser.open();
    await page.locator('[data-id="stem"] [data-toggle]').click();
    await page.locator('[data-id]').filter({ hasText: 'stem.conv' }).last().click();
    await page.getByTitle('Show its values').first().click();
    await expect.poll(() => panel(page).count()).toBe(1);
    await page.close();
  });
});
