/**
 * Attribution and patching in a real browser. Votes of the fake's classifier by hand: see linear.test.ts; triangle has
 * votes 4, biases 2, logit 6; circle 4, −2.25 and 1.75. What the fake's methods make of them: fake/attribution.ts.
 */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memorySource } from '../../src/core/bytes/memory-source.js';
import { openNpy } from '../../src/core/formats/numpy/npy.js';
import { countCalls, lastCall } from './asked.js';
import { startBrowser, type PageBrowser, type Situation } from './browser.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

async function openPart(name: 'Attribution' | 'Patching', situation: Situation = {}): Promise<Page> {
  const page = await browser.open(situation);
  await page.getByRole('tab', { name: 'Linear interpreter' }).click();
  await expect.poll(() => page.locator('.exactness').count()).toBe(1);
  await page.getByRole('tab', { name, exact: true }).click();
  return page;
}

const section = (page: Page, output: string): Locator => page.getByRole('region', { name: output, exact: true });
const heatmap = (page: Page, name: string): Locator =>
  page.getByRole('application', { name: new RegExp(`^${name}[^.]*\\.`) });
const figure = (page: Page, name: string | RegExp): Locator => page.getByRole('figure', { name });

async function equations(page: Page, output: string): Promise<readonly string[]> {
  return section(page, output).locator('.equation').allInnerTexts();
}

async function choose(page: Page, field: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: field }).click();
  await page.getByRole('option', { name: option }).click();
}

async function tableRows(page: Page): Promise<readonly (readonly string[])[]> {
  return page
    .getByRole('table', { name: 'Effects of patches' })
    .locator('tbody tr')
    .evaluateAll((lines) =>
      lines.map((line) => [...line.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
    );
}

async function savedBytes(page: Page, count: number): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  await expect.poll(() => countCalls(page, 'save')).toBe(count);
  const { suggestedName, bytes } = await page.evaluate(() => {
    const call = window.fake.calls.findLast(({ method }) => method === 'save')?.argument as {
      suggestedName: string;
      bytes: Uint8Array;
    };
    return { suggestedName: call.suggestedName, bytes: [...call.bytes] };
  });
  return { name: suggestedName, bytes: Uint8Array.from(bytes) };
}

describe('attribution', () => {
  it('stands beside the votes, each method with its sum, its gap and a sentence', async () => {
    const page = await openPart('Attribution');
    await expect.poll(() => equations(page, 'triangle')).toHaveLength(3);
    expect(await equations(page, 'triangle')).toEqual([
      'votes 4 + biases 2 + gap 0 = logit 6',
      'scores 6 + biases 2 + gap −2 = logit 6',
      'scores 2 + biases 2 + gap 2 = logit 6',
    ]);
    expect(await equations(page, 'circle')).toEqual([
      'votes 4 + biases −2.25 + gap 0 = logit 1.75',
      'scores 6 + biases −2.25 + gap −2 = logit 1.75',
      'scores 2 + biases −2.25 + gap 2 = logit 1.75',
    ]);
    const words = await section(page, 'triangle').locator('.vote-equation .note').allInnerTexts();
    expect(words.map((text) => text.includes('unexplained'))).toEqual([false, true, true]);
    expect(words[1]).toContain('How steeply the output rises with each number here, times the number itself.');
    expect(words[1]).toMatch(/33.3.%/);
    expect(await page.getByText('Relevance: not followed: stem.sort (Sort has no rule).').count()).toBe(1);
    expect(await lastCall(page, 'attribute')).toEqual({
      system: { example: 0, reading: 'frozen' },
      outputs: [2, 1, 0],
      method: { kind: 'relevance', patterns: 'tangent' },
    });
    await page.close();
  });

  it('reads every map at the same place, each on a scale of its own', async () => {
    const page = await openPart('Attribution');
    const gradient = page.getByRole('application', { name: /^Gradient × input: triangle\./ });
    await expect.poll(() => gradient.count()).toBe(1);
    await gradient.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    const readings = section(page, 'triangle').locator('.map-reading');
    await expect
      .poll(() => readings.allInnerTexts())
      .toEqual(['0.5 row 1, column 1', '0.75 row 1, column 1', '0.25 row 1, column 1']);
    expect(await figure(page, 'Gradient × input: triangle').innerText()).toContain('colours from −0.75 to 0.75');
    await page.close();
  });

  it('holds patterns where a person says so, and the gap closes', async () => {
    const page = await openPart('Attribution');
    await expect.poll(() => equations(page, 'triangle')).toHaveLength(3);
    await choose(page, 'Relevance: softmaxes', 'Hold their pattern');
    await expect.poll(async () => (await equations(page, 'triangle'))[2]).toBe('scores 4 + biases 2 + gap 0 = logit 6');
    expect(await lastCall(page, 'attribute')).toMatchObject({ method: { kind: 'relevance', patterns: 'frozen' } });
    await page.close();
  });

  it('integrates gradients when asked, from the baseline and in the steps that were chosen; can be cancelled', async () => {
    const page = await openPart('Attribution');
    await expect.poll(() => equations(page, 'triangle')).toHaveLength(3);
    await page.getByText('Integrate gradients').click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => page.getByText('Integrate gradients').count()).toBe(1);
    expect(await equations(page, 'triangle')).toHaveLength(3);
    await page.getByLabel('Integrated gradients: steps').fill('4');
    await choose(page, 'Baseline', 'Another input');
    await page.getByLabel('Baseline input').fill('3');
    await page.getByText('Integrate gradients').click();
    // 6 − 0.25 is shared out; 4 · 3/4 = 3 of it are.
    await expect
      .poll(async () => (await equations(page, 'triangle'))[3])
      .toBe('scores 3 + gap 2.75 = logit 6 − at the baseline 0.25');
    expect(await lastCall(page, 'attribute')).toEqual({
      system: { example: 0, reading: 'frozen' },
      outputs: [2, 1, 0],
      method: { kind: 'integrated-gradients', steps: 4, baseline: { kind: 'example', example: 2 } },
    });
    expect(await section(page, 'triangle').innerText()).toContain('The baseline is example.');
    await page.close();
  });

  it('of a text colours its tokens, of features draws bars with a table', async () => {
    const page = await openPart('Attribution', { model: 'text' });
    await expect.poll(() => page.locator('.output-scores').first().locator('.tokens').count()).toBe(3);
    const titles = await page
      .locator('.output-scores')
      .first()
      .locator('.tokens')
      .nth(1)
      .locator('.token')
      .evaluateAll((tokens) => tokens.map((token) => (token as HTMLElement).title.split('  ')[1]));
    expect(titles).toHaveLength(28);
    await page.close();
    const other = await openPart('Attribution');
    await other.getByRole('button', { name: 'Where the linear system starts' }).click();
    await other.getByRole('combobox', { name: /starts/ }).fill('relu');
    await other.keyboard.press('Enter');
    const bars = other.getByText('What each feature gave to triangle');
    await expect.poll(() => bars.count()).toBe(1);
    await section(other, 'triangle').getByRole('button', { name: 'Show as table' }).click();
    const rows = await section(other, 'triangle')
      .getByRole('table')
      .locator('tbody tr')
      .evaluateAll((lines) => lines.map((line) => line.textContent));
    // Hidden 6, 0, 4.5 times 0.5, 0, 0; once, one and a half times, half.
    expect(rows).toEqual(['feature 034.51.5', 'feature 1000', 'feature 2000']);
    await other.close();
  });

  it('leaves as picture, table and array', async () => {
    const page = await openPart('Attribution');
    const frame = figure(page, 'Gradient × input: triangle');
    await expect.poll(() => frame.count()).toBe(1);
    await frame.getByRole('button', { name: 'Save: Gradient × input: triangle' }).click();
    await page.getByRole('menuitem', { name: /NumPy/ }).click();
    const { bytes } = await savedBytes(page, 1);
    const opened = await openNpy(memorySource('a.npy', bytes));
    expect(opened.dims).toEqual([8, 8]);
    await frame.getByRole('button', { name: 'Save: Gradient × input: triangle' }).click();
    await page.getByRole('menuitem', { name: /PNG/ }).click();
    const picture = await savedBytes(page, 2);
    expect(picture.name).toMatch(/\.png$/);
    expect([...picture.bytes.subarray(1, 4)]).toEqual([...new TextEncoder().encode('PNG')]);
    await page.close();
  });
});

describe('patching', () => {
  /**
   * Clean: triangle 6 − square 2. Input 1 has 1 more at the first pixel, which opens the first unit to 7: triangle 6.5,
   * square −7 + 2 · 4.5 − 1.
   */
  async function patched(page: Page): Promise<void> {
    await page.getByText('Patch part by part').click();
    await expect.poll(() => page.locator('.agreement').count(), { timeout: 10_000 }).toBe(1);
  }

  it('says what was measured of which inputs, and how well patches and estimates agree', async () => {
    const page = await openPart('Patching');
    await patched(page);
    expect(await lastCall(page, 'patch')).toEqual({
      system: { example: 0, reading: 'frozen' },
      corrupt: 1,
      metric: { output: 2, minus: 1 },
      direction: 'denoise',
    });
    expect(await page.locator('.equation').innerText()).toBe('triangle − square: clean 4, corrupt 5.5');
    const agreement = await page.locator('.agreement').innerText();
    // 1 to 5 quarters of −1.5, against the same with none for the last: 1 2 3 4 5 and 1 2 3 4 0 have covariance 0.
    expect(agreement).toContain(
      'Patches and estimates of 5 parts: correlation 0; the estimate is most off, by 1.875, at stem.relu, whole.',
    );
    expect(await page.getByText('Not patched: stem.log (It is not finite on the clean input.).').count()).toBe(1);
    await page.close();
  });

  it('draws measured and estimated effects with the names of their values, and tells each of them', async () => {
    const page = await openPart('Patching');
    await patched(page);
    const measured = heatmap(page, 'Patched');
    await measured.focus();
    await page.keyboard.press('ArrowRight');
    const reading = (name: string): Promise<string> =>
      figure(page, new RegExp(`^${name}`))
        .locator('.map-reading')
        .innerText();
    await expect.poll(() => reading('Patched')).toBe('0.5 image, row 0, column 1 of 2 × 2');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => reading('Patched')).toBe('1.25 stem.relu, whole');
    await heatmap(page, 'Estimated').focus();
    await page.keyboard.press('End');
    await expect.poll(() => reading('Estimated')).toBe('1 image, row 1, column 1 of 2 × 2');
    await choose(page, 'Estimate', 'Derivative at the clean run');
    await heatmap(page, 'Estimated').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => reading('Estimated')).toBe('0.75 image, row 0, column 0 of 2 × 2');
    await page.close();
  });

  it('lists every part with its effect and its estimate, as they are too', async () => {
    const page = await openPart('Patching');
    await patched(page);
    const rows = await tableRows(page);
    expect(rows).toHaveLength(5);
    const span = -1.5;
    expect(rows.map((row) => row.slice(0, 3))).toEqual([
      ['image', 'start', 'row 0, column 0 of 2 × 2'],
      ['image', 'start', 'row 0, column 1 of 2 × 2'],
      ['image', 'start', 'row 1, column 0 of 2 × 2'],
      ['image', 'start', 'row 1, column 1 of 2 × 2'],
      ['stem.relu', 'layer', 'whole'],
    ]);
    expect(rows.map((row) => row[4])).toEqual(['0.25', '0.5', '0.75', '1', '1.25']);
    expect(rows.map((row) => Number(row[3]))).toEqual([1, 2, 3, 4, 5].map((each) => (span * each) / 4));
    expect(rows.map((row) => Number(row[5]))).toEqual([...[1, 2, 3, 4].map((each) => (span * each) / 4), 0]);
    expect(Number(rows[4]?.[6])).toBe((-span * 5) / 4);
    await page.getByRole('button', { name: 'Copy the table' }).click();
    await expect
      .poll(async () => ((await lastCall(page, 'copyText')) as { text: string }).text)
      .toContain('stem.relu\tlayer\twhole');
    await page.close();
  });

  it('measures what a person chose, in the direction that was chosen', async () => {
    const page = await openPart('Patching');
    await page.getByRole('button', { name: 'Take nothing off' }).click();
    await page.getByRole('button', { name: 'Measured output' }).click();
    await page.getByRole('combobox', { name: /Measured output/ }).fill('circle');
    await page.keyboard.press('Enter');
    await choose(page, 'Direction', 'Corrupt values into the clean run');
    await page.getByRole('spinbutton', { name: 'Corrupt input' }).fill('3');
    await patched(page);
    expect(await lastCall(page, 'patch')).toMatchObject({ corrupt: 2, metric: { output: 0 }, direction: 'noise' });
    expect((await tableRows(page)).map((row) => row[4])).toEqual(['-0.25', '-0.5', '-0.75', '-1', '-1.25']);
    await page.close();
  });

  it('of texts names tokens, and says where the inputs differ', async () => {
    const page = await openPart('Patching', { model: 'text' });
    await patched(page);
    await heatmap(page, 'Patched').focus();
    await page.keyboard.press('ArrowRight');
    const reading = figure(page, /^Patched/).locator('.map-reading');
    await expect.poll(() => reading.innerText()).toMatch(/embedding, token 2 “/);
    expect(await page.getByText(/The inputs differ in \d+ of 28 tokens/).count()).toBe(1);
    await page.close();
  });

  it('can be cancelled, and says why where it cannot be done', async () => {
    const page = await openPart('Patching');
    await page.getByText('Patch part by part').click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => page.getByText('Patch part by part').count()).toBe(1);
    await page.getByRole('spinbutton', { name: 'Corrupt input' }).fill('1');
    await expect.poll(() => page.getByText('patching needs another one').count()).toBe(1);
    await page.getByRole('spinbutton', { name: 'Corrupt input' }).fill('5');
    await page.getByText('Patch part by part').click();
    await expect.poll(() => page.getByText('do not lie on each other').count()).toBe(1);
    await page.close();
  });

  it('leaves as picture with the names, and as array of values by parts', async () => {
    const page = await openPart('Patching');
    await patched(page);
    const frame = figure(page, /^Patched/);
    await frame.getByRole('button', { name: /^Save: Patched/ }).click();
    await page.getByRole('menuitem', { name: /NumPy/ }).click();
    const { bytes } = await savedBytes(page, 1);
    const opened = await openNpy(memorySource('a.npy', bytes));
    expect(opened.dims).toEqual([2, 4]);
    await frame.getByRole('button', { name: /^Save: Patched/ }).click();
    await page.getByRole('menuitem', { name: /CSV/ }).click();
    const table = await savedBytes(page, 2);
    expect(new TextDecoder().decode(table.bytes)).toContain('0,0.25,0.5,0.75,1');
    await page.close();
  });
});
