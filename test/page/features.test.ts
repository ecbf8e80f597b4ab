/** The Features tab: what to do before features are there, the table of all, the page of one. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCalls, lastCall } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';
import { openFeatures, openTab, rows, view } from './features-tab.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

describe('before features are there', () => {
  it('a model without a dictionary says what to do', async () => {
    const page = await openTab(browser, {});
    await page.getByRole('button', { name: 'Attach Dictionary…' }).click();
    await expect.poll(() => lastCall(page, 'command')).toEqual({ command: 'modelInspector.attachDictionary' });
    await page.close();
  });

  it('a run tells how far it is, and can be cancelled', async () => {
    const page = await openTab(browser, { scenario: 'attached' });
    await expect.poll(() => view(page).innerText()).toContain('f = ReLU(h)');
    await page.evaluate(() => window.fake.untilCancelled.add('features'));
    await page.getByRole('button', { name: 'Run the dictionary' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => page.evaluate(() => window.fake.cancelled)).toContain('features');
    await page.getByRole('button', { name: 'Run the dictionary' }).waitFor();
    await page.close();
  });

  it('says why nothing can be started while another run is under way', async () => {
    const page = await openTab(browser, { scenario: 'attached' });
    const button = page.getByRole('button', { name: 'Run the dictionary' });
    await button.waitFor();
    expect(await view(page).innerText()).not.toContain('A run is under way');
    await page.evaluate(() =>
      window.fake.page.runProgress({ unit: 'runs', done: 90, planned: 1800, secondsLeft: 60, phase: 'Running' }),
    );
    await expect.poll(() => view(page).innerText()).toContain('A run is under way');
    await expect.poll(() => button.isDisabled()).toBe(true);
    await page.close();
  });

  it('a dictionary that does not fit is refused, and shown only on purpose, with the warning in sight', async () => {
    const page = await openTab(browser, { scenario: 'unfit' });
    await page.getByRole('button', { name: 'Run the dictionary' }).click();
    await expect.poll(() => view(page).innerText()).toContain('explains nothing');
    expect(await rows(page).count()).toBe(0);
    await page.getByRole('button', { name: 'Show anyway' }).click();
    await expect.poll(() => rows(page).count()).toBeGreaterThan(3);
    expect(await lastCall(page, 'features')).toEqual({ evenIfUnfit: true });
    expect(await page.getByRole('note').innerText()).toContain('does not fit this value');
    await page.close();
  });
});

describe('the table of features', () => {
  it('sorts and filters', async () => {
    const page = await openFeatures(browser);
    await page.getByRole('button', { name: 'Largest', exact: true }).click();
    const largest = await rows(page).locator('td:nth-child(6)').allInnerTexts();
    expect(largest.map(Number)).toEqual(largest.map(Number).toSorted((a, b) => b - a));
    await page.getByRole('tab', { name: 'Dead' }).click();
    await expect.poll(() => rows(page).locator('td:nth-child(4)').first().innerText()).toBe('dead');
    await page.getByRole('tab', { name: 'All', exact: true }).click();
    await page.getByRole('textbox', { name: 'Filter features' }).fill('dog');
    await expect.poll(() => view(page).getByRole('status').innerText()).toMatch(/^\d+ of 2,000 features$/);
    const tokens = await rows(page).locator('td:nth-child(3)').allInnerTexts();
    expect(new Set(tokens)).toEqual(new Set(['␣dog']));
    await page.close();
  });
});

describe('a dictionary of 100,000 features', () => {
  const scroll = (page: Page) => page.locator('.all-features-list .table-scroll');
  const first = (page: Page, column: number): Promise<number[]> =>
    rows(page)
      .locator(`td:nth-child(${column})`)
      .allInnerTexts()
      .then((texts) => texts.map(Number));

  it('is sorted, filtered and scrolled to its end, with few rows in the page at any time', async () => {
    const page = await openFeatures(browser, { scenario: 'attached-large' });
    const few = async (): Promise<void> => expect(await rows(page).count()).toBeLessThan(60);
    expect(await view(page).getByRole('status').innerText()).toBe('100,000 features');
    await few();

    await scroll(page).evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect.poll(() => first(page, 1).then((shown) => shown.at(-1))).toBe(99_999);
    await few();
    // What is scrolled past takes the room of its rows.
    const [height, rowHeight] = await scroll(page).evaluate((element) => [
      element.scrollHeight,
      element.querySelector('tbody tr:not([aria-hidden])')?.getBoundingClientRect().height ?? NaN,
    ]);
    expect(height).toBeGreaterThan(99_000 * (rowHeight as number));

    await page.getByRole('button', { name: 'Largest', exact: true }).click();
    await scroll(page).evaluate((element) => element.scrollTo(0, 0));
    await expect.poll(() => first(page, 6).then(([largest]) => largest)).toBeCloseTo(12.5, 2);
    const largest = await first(page, 6);
    expect(largest).toEqual(largest.toSorted((a, b) => b - a));
    await few();

    // Texts are ranked in pieces of time: the rows stay as they are until their order is found out.
    await page.getByRole('button', { name: 'Strongest on', exact: true }).click();
    await expect
      .poll(() =>
        rows(page)
          .locator('td:nth-child(3)')
          .allInnerTexts()
          .then((texts) => new Set(texts).size),
      )
      .toBe(1);

    await page.getByRole('textbox', { name: 'Filter features' }).fill('99999');
    await expect.poll(() => view(page).getByRole('status').innerText()).toBe('1 of 100,000 features');
    await rows(page).first().press('Enter');
    await page.getByRole('article', { name: 'Feature 99999', exact: true }).waitFor();
    await page.getByRole('textbox', { name: 'Filter features' }).fill('');
    await page.getByRole('tab', { name: 'Dead' }).click();
    await expect.poll(() => view(page).getByRole('status').innerText()).toMatch(/^1[12],\d{3} of 100,000 features$/);
    await few();
    await page.close();
  }, 60_000);
});

describe('a corpus of ten tokens', () => {
  const MIND = 'only 10 tokens for 2,000 features';

  it('has a warning beside each number: facts, table, histograms and the page of a feature', async () => {
    const page = await openFeatures(browser, { scenario: 'attached-few', width: 1500, height: 950 });
    expect(await page.getByRole('note').first().innerText()).toContain('Only 10 tokens were seen for 2,000 features');
    expect(await page.getByRole('img', { name: MIND }).count()).toBe(3);
    const marks = (where: string) => page.locator(`${where} .few-mark`).allInnerTexts();
    expect(await marks('.feature-table')).toEqual([MIND]);
    expect(await marks('.chart-frame')).toEqual([MIND, MIND]);
    await rows(page).nth(1).press('Enter');
    await page.locator('.feature-page .chart-frame').first().waitFor();
    expect(await marks('.feature-page .panel-title')).toEqual([MIND]);
    // Logit effects rest on no tokens.
    expect(await marks('.feature-page .chart-frame')).toEqual([MIND]);
    await page.close();
  });

  it('leaves no mark where there are enough', async () => {
    const page = await openFeatures(browser);
    expect(await page.locator('.few-mark, .few-sign').count()).toBe(0);
    await page.close();
  });
});

describe('lists of features', () => {
  const notice = (page: Page) => page.getByRole('region', { name: 'The list that was read' });
  const chooseFile = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Import a list of features' }).click();
    await page.getByRole('button', { name: 'Choose File…' }).click();
    await notice(page).waitFor();
  };

  it('are imported: own names are kept, others are added, and only the listed features are shown', async () => {
    const page = await openFeatures(browser);
    await chooseFile(page);
    expect(await notice(page).innerText()).toContain('7: yours “full stops”, the list’s “ends of sentences”');
    await notice(page).getByRole('button', { name: 'Show and add names, keep mine' }).click();
    await expect.poll(() => rows(page).locator('td:first-child').allInnerTexts()).toEqual(['7', '12', '40']);
    const names = await rows(page).locator('td:nth-child(2)').allInnerTexts();
    expect(names).toEqual(['full stops', 'states', 'capital / capital cities']);
    await page.getByRole('button', { name: 'Show all features again' }).click();
    await expect.poll(() => view(page).getByRole('status').innerText()).toBe('2,000 features');
    await page.close();
  });

  it('replace own names only where that is asked', async () => {
    const page = await openFeatures(browser);
    await chooseFile(page);
    await notice(page).getByRole('button', { name: 'Replace mine' }).click();
    await expect.poll(() => rows(page).locator('td:nth-child(2)').first().innerText()).toBe('ends of sentences');
    expect(await lastCall(page, 'takeLabels')).toMatchObject({ named: 'take-listed' });
    await page.close();
  });

  it('are imported, and all features exported, from the palette as by the buttons, and the page shows what came of it', async () => {
    const page = await openFeatures(browser);
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.evaluate(() => window.fake.page.importFeatureList({}));
    expect(await lastCall(page, 'readFeatureList')).toEqual({});
    await expect.poll(() => notice(page).innerText()).toContain('dallas-austin.json');
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.evaluate(() => window.fake.page.exportFeatures({ format: 'neuronpedia' }));
    expect(await lastCall(page, 'exportFeatures')).toEqual({ format: 'neuronpedia' });
    await expect.poll(() => view(page).innerText()).toContain('2000 features written as Neuronpedia has them');
    await page.close();
  });

  it('may be typed, and what is shown is exported', async () => {
    const page = await openFeatures(browser);
    await page.getByRole('button', { name: 'Import a list of features' }).click();
    await page.getByRole('textbox', { name: /Or paste numbers/ }).fill('3, 5');
    await page.getByRole('button', { name: 'Read', exact: true }).click();
    await notice(page).getByRole('button', { name: 'Show these features' }).click();
    await expect.poll(() => rows(page).locator('td:first-child').allInnerTexts()).toEqual(['3', '5']);
    await page.getByRole('button', { name: 'Export the 2 features shown for other tools' }).click();
    await page.getByRole('menuitem', { name: 'Neuronpedia features (.jsonl)' }).click();
    await expect.poll(() => lastCall(page, 'exportFeatures')).toEqual({ format: 'neuronpedia', features: [3, 5] });
    await expect
      .poll(() => page.locator('.list-notice').innerText())
      .toContain('2 features written as Neuronpedia has them');
    await page.close();
  });
});

describe('the page of a feature', () => {
  it('opens from the table, and leads to its neighbours by keys', async () => {
    const page = await openFeatures(browser);
    await rows(page).nth(1).press('Enter');
    await page.getByRole('article', { name: 'Feature 1', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Next feature (→)' }).press('ArrowRight');
    await page.getByRole('article', { name: 'Feature 2', exact: true }).waitFor();
    await expect.poll(() => countCalls(page, 'feature')).toBe(2);
    await page.close();
  });

  it('takes a name, which the table shows and finds', async () => {
    const page = await openFeatures(browser);
    await rows(page).nth(1).press('Enter');
    const field = page.getByRole('textbox', { name: 'Your name for this feature' });
    await field.fill('weird <i>names</i>');
    await field.press('Enter');
    await expect.poll(() => rows(page).nth(1).locator('td:nth-child(2)').innerText()).toBe('weird <i>names</i>');
    expect(await lastCall(page, 'labelFeature')).toEqual({
      feature: 1,
      label: { name: 'weird <i>names</i>', note: '' },
    });
    await page.getByRole('textbox', { name: 'Filter features' }).fill('stops');
    await expect.poll(() => rows(page).locator('td:first-child').allInnerTexts()).toEqual(['7']);
    await page.close();
  });

  it('measures what the network says without it at the place of an example', async () => {
    const page = await openFeatures(browser);
    await rows(page).nth(1).press('Enter');
    await page.getByRole('button', { name: 'Run without it' }).first().click();
    await expect
      .poll(() => page.locator('.ablation').first().innerText())
      .toMatch(/Total effect .*␣dog, which really followed: -0\.75 \(-1\.25 → -2\).*the 50\s% → 20\s%/s);
    expect(await lastCall(page, 'steer')).toEqual({
      prompt: { kind: 'input', input: 0 },
      interventions: [{ feature: 1, kind: 'ablate', amount: 0, unit: 'absolute' }],
      positions: [40],
      at: 40,
    });
    await page.close();
  });
});

describe('the card of a token', () => {
  const card = (page: Page) => page.getByRole('dialog', { name: /^What the feature does at / });
  const tokens = (page: Page) => page.locator('.feature-examples .excerpt').first().locator('.token');
  const openFeature = async (situation: Parameters<PageBrowser['open']>[0] = {}): Promise<Page> => {
    const page = await openFeatures(browser, { width: 1500, height: 1000, ...situation });
    await rows(page).nth(1).press('Enter');
    await tokens(page).first().scrollIntoViewIfNeeded();
    return page;
  };

  it('opens where the pointer rests, tells f and direct effects, and stays while the pointer goes into it', async () => {
    const page = await openFeature();
    await tokens(page).nth(12).hover();
    await card(page).waitFor();
    const [f = NaN] = (await tokens(page).nth(12).getAttribute('aria-label'))?.match(/[\d.]+$/)?.map(Number) ?? [];
    const text = await card(page).innerText();
    expect(text).toContain(`f = ${f}`);
    expect(text).toContain('token 41');
    expect(text).toContain('only; the final normalisation is left out');
    // Largest of one unit is 2, smallest −2; token 21 follows: 2 − 2 · 0.17.
    const numbers = (await card(page).locator('.effect-value').allInnerTexts()).map(Number);
    expect(numbers).toHaveLength(10);
    expect(numbers[0]).toBeCloseTo(2 * f, 1);
    expect(numbers[5]).toBeCloseTo(-2 * f, 1);
    expect(text).toMatch(/On \S+, which really followed:/);
    await card(page).getByRole('button', { name: 'Run without it here' }).hover();
    await page.waitForTimeout(400);
    await card(page).getByRole('button', { name: 'Run without it here' }).click();
    await expect.poll(() => card(page).innerText()).toMatch(/Total effect .*Δ log-probability of ␣dog.*-0\.75.*KL/s);
    expect(await lastCall(page, 'steer')).toMatchObject({
      prompt: { kind: 'input', input: 0 },
      positions: [40],
      at: 40,
    });
    await page.mouse.click(5, 5);
    await expect.poll(() => card(page).count()).toBe(0);
    await page.close();
  });

  it('opens by keys, moves on with arrows, and closes on Escape', async () => {
    const page = await openFeature();
    await tokens(page).nth(12).focus();
    await card(page).waitFor();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => tokens(page).nth(11).getAttribute('aria-expanded')).toBe('true');
    await expect.poll(() => card(page).innerText()).toContain('token 40');
    await page.getByRole('article', { name: 'Feature 1', exact: true }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('.token-card') !== null)).toBe(true);
    await page.keyboard.press('Escape');
    await expect.poll(() => card(page).count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-card'))).toBe('12');
    await page.close();
  });

  it('says that a feature that is 0 there does nothing', async () => {
    const page = await openFeature();
    const silent = page.locator('.feature-examples .token[aria-label$="activation 0"]').first();
    await silent.click();
    await expect.poll(() => card(page).innerText()).toContain('neither a direct nor a total effect');
    await silent.click();
    await expect.poll(() => card(page).count()).toBe(0);
    await page.close();
  });
});

describe('what a feature is like', () => {
  it('is asked for, tells how far it is, and leads to other features', async () => {
    const page = await openFeatures(browser);
    await rows(page).nth(1).press('Enter');
    const part = page.getByRole('article', { name: 'Feature 1', exact: true }).locator('.feature-neighbours');
    await page.evaluate(() => window.fake.untilCancelled.add('featureNeighbours'));
    await part.getByRole('button', { name: 'Compare feature 1' }).click();
    await part.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => page.evaluate(() => window.fake.cancelled)).toContain('featureNeighbours');
    await page.evaluate(() => window.fake.untilCancelled.delete('featureNeighbours'));
    await part.getByRole('button', { name: 'Compare feature 1' }).click();
    await part.getByRole('heading', { name: 'Fires together with' }).waitFor();
    expect(await part.getByRole('heading').allInnerTexts()).toHaveLength(8);
    await part.scrollIntoViewIfNeeded();
    await part.getByRole('button', { name: 'feature 9' }).first().click();
    await page.getByRole('article', { name: 'Feature 9', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Compare feature 9' }).waitFor();
    await page.close();
  });
});
