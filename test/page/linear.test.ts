/**
 * The linear interpreter in a real browser. The fake's classifier at input 0 by hand (fake/linear-systems.ts): the image
 * is 1 on one diagonal and 0.5 on the other; of three units the second is closed. Logits: circle 1 · 8 − 0.5 · 8 and
 * biases −2 − 0.5 + 0.25; square −8 + 2 · 4 and 2 + 1 − 1; triangle 0.5 · 8 and −1 + 3.
 */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memorySource } from '../../src/core/bytes/memory-source.js';
import { encodeNpy, openNpy } from '../../src/core/formats/numpy/npy.js';
import { countCalls, item, lastCall } from './asked.js';
import { startBrowser, type PageBrowser, type Situation } from './browser.js';
import type { ThemeName } from './fake/themes.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const SIDE = 8;

async function openLinear(situation: Situation = {}): Promise<Page> {
  const page = await browser.open(situation);
  await page.getByRole('tab', { name: 'Linear interpreter' }).click();
  await expect.poll(() => page.locator('.exactness').count()).toBe(1);
  return page;
}

const part = (page: Page, name: string): Promise<void> => page.getByRole('tab', { name, exact: true }).click();
const figure = (page: Page, name: string | RegExp): Locator => page.getByRole('figure', { name, exact: true });
const map = (page: Page, name: string): Locator => page.getByRole('application', { name: new RegExp(`^${name}\\.`) });

async function chooseEnd(page: Page, side: 'starts' | 'ends', typed: string): Promise<void> {
  await page.getByRole('button', { name: `Where the linear system ${side}` }).click();
  await page.getByRole('combobox', { name: new RegExp(side) }).fill(typed);
  await page.keyboard.press('Enter');
}

/** Red, green and blue in the middle of a cell. */
function colorOf(canvas: Locator, row: number, column: number): Promise<readonly [number, number, number]> {
  return canvas.evaluate(
    (element, [r, c, side]) => {
      const { width, height } = element as HTMLCanvasElement;
      const context = (element as HTMLCanvasElement).getContext('2d');
      const at = context?.getImageData(((c + 0.5) / side) * width, ((r + 0.5) / side) * height, 1, 1).data ?? [];
      return [at[0] ?? 0, at[1] ?? 0, at[2] ?? 0] as const;
    },
    [row, column, SIDE] as const,
  );
}

/** Positive is orange, negative blue, 0 neither (colormap.ts). */
async function signOf(canvas: Locator, row: number, column: number): Promise<1 | -1 | 0> {
  const [red, , blue] = await colorOf(canvas, row, column);
  return Math.abs(red - blue) < 12 ? 0 : red > blue ? 1 : -1;
}

async function pointAt(canvas: Locator, row: number, column: number): Promise<void> {
  const { width, height } = (await canvas.boundingBox()) ?? { width: 0, height: 0 };
  await canvas.hover({ position: { x: ((column + 0.5) / SIDE) * width, y: ((row + 0.5) / SIDE) * height } });
}

interface Saved {
  readonly suggestedName: string;
  readonly bytes: Uint8Array;
}

async function saved(page: Page, count: number): Promise<Saved> {
  await expect.poll(() => countCalls(page, 'save')).toBe(count);
  const { suggestedName, bytes } = await page.evaluate(() => {
    const call = window.fake.calls.findLast(({ method }) => method === 'save')?.argument as Saved;
    return { suggestedName: call.suggestedName, bytes: [...call.bytes] };
  });
  return { suggestedName, bytes: Uint8Array.from(bytes) };
}

async function saveAs(page: Page, name: string, choice: string): Promise<void> {
  await figure(page, name)
    .getByRole('button', { name: `Save: ${name}` })
    .click();
  await page.getByRole('menuitem', { name: choice }).click();
}

async function tableRows(table: Locator): Promise<readonly (readonly string[])[]> {
  const rows = await table
    .locator('tbody tr')
    .evaluateAll((lines) =>
      lines.map((line) => [...line.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
    );
  return rows.map((cells) => cells.map((cell) => cell.replaceAll('\u00a0', ' ')));
}

describe('votes', () => {
  it('add up with the biases to each logit, largest first, and say how much cancels', async () => {
    const page = await openLinear();
    await expect.poll(() => page.locator('.equation').count()).toBe(3);
    expect(await page.locator('.equation').allInnerTexts()).toEqual([
      'votes 4 + biases 2 = logit 6',
      'votes 0 + biases 2 = logit 2',
      'votes 4 + biases −2.25 = logit 1.75',
    ]);
    const notes = (await page.locator('.vote-notes').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));
    // Sizes of votes: 4 of 4; 16 of 0; 12 of 4. Sizes of biases: 4, 4, 2.75; shares 4/8, 4/20, 2.75/14.75.
    expect(notes[0]).toMatch(/cancelling 1 ×.*bias share 50 %/);
    expect(notes[1]).toMatch(/all votes cancel.*bias share 20 %/);
    expect(notes[2]).toMatch(/cancelling 3 ×.*bias share 18.6 %/);
    expect(await lastCall(page, 'linearVotes')).toEqual({
      system: { example: 0, reading: 'frozen' },
      outputs: [2, 1, 0],
    });
    await page.close();
  });

  it('are drawn with a colour for each sign on one scale, and read under the pointer and with the keys', async () => {
    const page = await openLinear();
    const square = map(page, 'Votes for square');
    await expect.poll(() => signOf(square, 0, 0)).toBe(-1);
    expect([await signOf(square, 0, 7), await signOf(square, 0, 1)]).toEqual([1, 0]);
    const [weak, strong] = [await colorOf(map(page, 'Votes for triangle'), 2, 2), await colorOf(square, 2, 5)];
    expect(await signOf(map(page, 'Votes for triangle'), 2, 2)).toBe(1);
    expect(weak).not.toEqual(strong);
    expect(await page.getByRole('img', { name: /^Colours: Vote/ }).getAttribute('aria-label')).toContain(
      'from -1 to 1',
    );
    await pointAt(square, 2, 2);
    await expect
      .poll(() => figure(page, 'Votes for square').locator('.map-reading').innerText())
      .toMatch(/^-1 .*row 2, column 2$/);
    // All maps tell of the same place.
    expect(await figure(page, 'Votes for circle').locator('.map-reading').innerText()).toMatch(/^1 .*row 2, column 2$/);
    await map(page, 'Votes for circle').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    const reading = figure(page, 'Votes for circle').locator('.map-reading');
    await expect.poll(() => reading.innerText()).toMatch(/row 3, column 0$/);
    await page.close();
  });

  it('are shown for the classes that a person chose, also after a restart', async () => {
    const page = await openLinear();
    await page.getByRole('button', { name: 'Remove square' }).click();
    await page.getByRole('button', { name: 'Remove triangle' }).click();
    await expect.poll(() => page.locator('.equation').count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Remove circle' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Add a class' }).click();
    await page.getByRole('combobox', { name: /Add a class/ }).fill('tri');
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await lastCall(page, 'linearVotes')) as { outputs: number[] })
      .toMatchObject({
        outputs: [0, 2],
      });
    await page.getByRole('button', { name: 'Next input' }).click();
    await part(page, 'Bias ledger');
    await page.waitForTimeout(400);
    await page.reload();
    await expect.poll(() => page.getByRole('table', { name: 'Votes and biases' }).count()).toBe(1);
    expect(await lastCall(page, 'linearVotes')).toEqual({ system: { example: 1, reading: 'frozen' }, outputs: [0, 2] });
    expect(await page.getByRole('tab', { name: 'Bias ledger' }).getAttribute('aria-selected')).toBe('true');
    await page.close();
  });

  it('lie over the input where a person asks for it', async () => {
    const page = await openLinear();
    const triangle = map(page, 'Votes for triangle');
    await expect.poll(() => signOf(triangle, 1, 1)).toBe(1);
    // Nothing votes at the grey diagonal: it is seen through the map.
    const before = await colorOf(triangle, 0, 7);
    await page.getByText('Draw over the input').click();
    await expect.poll(() => colorOf(triangle, 0, 7)).not.toEqual(before);
    expect((await colorOf(triangle, 0, 7))[0]).toBeGreaterThan((await colorOf(triangle, 0, 6))[0] + 20);
    expect(await signOf(triangle, 1, 1)).toBe(1);
    await page.close();
  });

  it('colour the tokens of a text, which starts at its embedding', async () => {
    const page = await openLinear({ model: 'text' });
    await expect.poll(() => page.locator('.vote-texts .tokens').count()).toBe(3);
    expect(await page.locator('.system-notes').innerText()).toContain('starts at their embedding');
    // "word 7" likes every eighth token: its votes are there alone.
    const votes = await page
      .locator('.vote-texts .tokens')
      .first()
      .locator('.token')
      .evaluateAll((tokens) => tokens.map((token) => (token as HTMLElement).title.split('  ')[1]));
    expect(votes).toHaveLength(28);
    expect(votes.flatMap((vote, position) => (vote === '0' ? [] : [position]))).toEqual([0, 8, 16, 24]);
    await page.close();
  });

  it('of features are bars, with a table of the same numbers', async () => {
    const page = await openLinear();
    await chooseEnd(page, 'starts', 'relu');
    await expect.poll(() => page.getByText('Votes by feature').count()).toBe(1);
    await page.getByRole('button', { name: 'Show as table' }).click();
    // Hidden values 6, 0 and 4.5 times the weights of triangle, square and circle.
    expect(await tableRows(page.getByRole('table', { name: 'Votes by feature' }))).toEqual([
      ['feature 0 = 6', '3', '-6', '6'],
      ['feature 1 = 0', '0', '0', '0'],
      ['feature 2 = 4.5', '0', '9', '-4.5'],
    ]);
    await page.close();
  });
});

describe('the bias ledger', () => {
  it('has a bar per layer and class, in the order of the graph, and the same as a table', async () => {
    const page = await openLinear();
    await part(page, 'Bias ledger');
    await page.getByRole('button', { name: 'Show as table' }).click();
    expect(await tableRows(page.getByRole('table', { name: 'Biases by layer' }))).toEqual([
      ['stem.conv', '-1', '3', '-2.5'],
      ['head.fc2', '3', '-1', '0.25'],
    ]);
    await page.close();
  });

  it('sets votes and biases against the mean of the chosen classes', async () => {
    const page = await openLinear();
    await part(page, 'Bias ledger');
    const table = page.getByRole('table', { name: 'Votes and biases' });
    await expect.poll(() => table.count()).toBe(1);
    // Means over the three: votes 8/3, biases 1.75/3.
    expect(await tableRows(table)).toEqual([
      ['triangle', '4', '2', '6', '1.333', '1.417', '50 %'],
      ['square', '0', '2', '2', '-2.667', '1.417', '20 %'],
      ['circle', '4', '-2.25', '1.75', '1.333', '-2.833', '18.6 %'],
    ]);
    await page.getByRole('button', { name: 'Copy the table' }).click();
    await expect
      .poll(async () => ((await lastCall(page, 'copyText')) as { text: string }).text)
      .toContain('circle\t4\t-2.25\t1.75\t1.333333\t-2.833333\t0.1864407');
    await page.close();
  });
});

describe('rows and columns', () => {
  it('of an image from an image follow the pointer, one question at a time, and end where it ends', async () => {
    const page = await openLinear();
    await chooseEnd(page, 'ends', 'sharp');
    await expect.poll(() => figure(page, 'Row of pixel in row 4, column 4').count()).toBe(1);
    const output = map(page, 'Output: sharpened');
    const before = await countCalls(page, 'linearRow');
    const { x, y, width, height } = (await output.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    for (let row = 0; row < SIDE; row++) {
      const line = y + ((row + 0.5) / SIDE) * height;
      await page.mouse.move(x + 4, line);
      await page.mouse.move(x + width - 4, line, { steps: 24 });
    }
    await pointAt(output, 5, 2);
    await expect.poll(() => figure(page, 'Row of pixel in row 5, column 2').count()).toBe(1);
    const asked = (await countCalls(page, 'linearRow')) - before;
    // The pointer went over all 64 pixels.
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(50);
    expect(await page.evaluate(() => window.fake.rowsUnderWay.most)).toBe(1);
    // The pixel twice, less its neighbour to the right.
    const row = map(page, 'Row of pixel in row 5, column 2');
    const signs = await Promise.all([1, 2, 3, 4].map((column) => signOf(row, 5, column)));
    expect(signs).toEqual([0, 1, -1, 0]);
    await pointAt(row, 5, 3);
    await expect
      .poll(() =>
        figure(page, /^Row of/)
          .locator('.map-reading')
          .innerText(),
      )
      .toContain('-1');
    await page.close();
  });

  it('are shown close up where they are specks, with their places in the whole', async () => {
    const page = await openLinear();
    await chooseEnd(page, 'ends', 'large-sh');
    await chooseEnd(page, 'starts', 'large');
    const row = map(page, 'Row of pixel in row 20, column 20');
    await expect.poll(() => row.getAttribute('aria-label')).toContain('9 rows, 9 columns');
    expect(await figure(page, /^Row of/).innerText()).toContain(
      'rows 16 to 24, columns 17 to 25; all else is below 1 %',
    );
    // The third of nine columns is column 20 − 17.
    const box = (await row.boundingBox()) ?? { width: 0, height: 0 };
    await row.hover({ position: { x: (3.5 / 9) * box.width, y: (4.5 / 9) * box.height } });
    const reading = figure(page, /^Row of/).locator('.map-reading');
    await expect.poll(() => reading.innerText()).toBe('2 row 20, column 20');
    await row.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => reading.innerText()).toBe('-1 row 20, column 21');
    await page.keyboard.press('End');
    await expect.poll(() => reading.innerText()).toBe('0 row 20, column 25');
    await figure(page, /^Row of/)
      .getByText('Show the whole')
      .click();
    await expect.poll(() => row.getAttribute('aria-label')).toContain('40 rows, 40 columns');
    await page.close();
  });

  it('show what an input pixel paints, by click where they are not live', async () => {
    const page = await openLinear();
    await chooseEnd(page, 'ends', 'sharp');
    await page.getByText('Live: follow the pointer').click();
    const input = map(page, 'Input: image');
    await pointAt(input, 2, 6);
    await page.waitForTimeout(150);
    expect(await figure(page, 'Column of pixel in row 2, column 6').count()).toBe(0);
    await input.focus();
    await pointAt(input, 2, 5);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect.poll(() => figure(page, 'Column of pixel in row 2, column 6').count()).toBe(1);
    // Twice its own pixel, less at the one to the left.
    const column = map(page, 'Column of pixel in row 2, column 6');
    await expect.poll(() => signOf(column, 2, 6)).toBe(1);
    expect([await signOf(column, 2, 5), await signOf(column, 2, 7)]).toEqual([-1, 0]);
    await page.close();
  });

  it('of a class are chosen from a list, and drawn in the colours of the input', async () => {
    const page = await openLinear();
    await chooseEnd(page, 'starts', 'colour');
    await part(page, 'Rows and columns');
    await page.getByRole('option', { name: 'circle' }).click();
    const row = map(page, 'Row of circle');
    // Class 0 looks at red.
    await expect.poll(() => colorOf(row, 1, 1)).toEqual([255, 128, 128]);
    expect(await colorOf(row, 1, 2)).toEqual([128, 128, 128]);
    await page.getByRole('combobox', { name: 'Input drawn as' }).click();
    await page.getByRole('option', { name: 'One channel' }).click();
    await expect.poll(() => signOf(row, 1, 1)).toBe(1);
    await page.getByLabel('Channel', { exact: true }).fill('2');
    await expect.poll(() => signOf(row, 1, 1)).toBe(0);
    await page.close();
  });
});

describe('the strongest patterns', () => {
  it('show gains and patterns, and mark those that did not settle', async () => {
    const page = await openLinear();
    await part(page, 'Strongest patterns');
    await page.getByLabel('How many').fill('2');
    await page.getByText('Find the strongest patterns').click();
    await expect.poll(() => page.locator('.triplet').count()).toBe(2);
    expect(await lastCall(page, 'linearSingular')).toMatchObject({ count: 2 });
    // Both diagonals have length √8; the rest is a 3 × 2 matrix with AᵀA = [[2.25, −3], [−3, 5]].
    const gain = (sign: 1 | -1): number => Math.sqrt(8 * ((7.25 + sign * Math.sqrt(7.25 ** 2 - 9)) / 2));
    const heads = await page.locator('.triplet h3').allInnerTexts();
    expect(heads[0]).toContain(`amplified ${gain(1).toPrecision(4)} times`);
    expect(heads[1]).toContain(`amplified ${gain(-1).toPrecision(4)} times`);
    expect(heads.map((head) => head.includes('not settled'))).toEqual([false, true]);
    const [diagonal, other] = [
      await signOf(map(page, 'Input pattern 1'), 3, 3),
      await signOf(map(page, 'Input pattern 1'), 3, 4),
    ];
    expect(diagonal * other).toBe(-1);
    // Kept: coming back asks nothing.
    await part(page, 'Votes');
    await part(page, 'Strongest patterns');
    await expect.poll(() => page.locator('.triplet').count()).toBe(2);
    expect(await countCalls(page, 'linearSingular')).toBe(1);
    await page.close();
  });

  it('tell of their progress, and are cancelled', async () => {
    const page = await openLinear();
    await part(page, 'Strongest patterns');
    await page.getByText('Find the strongest patterns').click();
    const bar = page.getByRole('progressbar', { name: 'Finding patterns' });
    await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(5);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => page.evaluate(() => window.fake.cancelled)).toContain('linearSingular');
    await expect.poll(() => bar.count()).toBe(0);
    await page.waitForTimeout(700);
    expect(await page.locator('.triplet').count()).toBe(0);
    expect(await page.getByText('Find the strongest patterns').count()).toBe(1);
    await page.close();
  });
});

describe('playing backwards', () => {
  const lastPattern = (page: Page): Promise<readonly number[]> =>
    page.evaluate(() => {
      const call = window.fake.calls.findLast(({ method }) => method === 'linearRow')?.argument;
      return [...((call as { output: Float32Array }).output ?? [])];
    });

  it('takes a pattern that is drawn with the pointer or the keys, and clears it', async () => {
    const page = await openLinear();
    await chooseEnd(page, 'ends', 'sharp');
    await part(page, 'Backwards');
    expect(await page.getByText('Nothing is drawn yet').count()).toBe(1);
    const pad = map(page, 'Pattern over the output');
    await pointAt(pad, 1, 1);
    await page.mouse.down();
    await pointAt(pad, 1, 2);
    await page.mouse.up();
    await page.getByRole('tab', { name: '−1' }).click();
    await pad.focus();
    await pointAt(pad, 6, 3);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await lastPattern(page)).flatMap((value, cell) => (value === 0 ? [] : [[cell, value]])))
      .toEqual([
        [9, 1],
        [10, 1],
        [52, -1],
      ]);
    const back = map(page, 'Sent back to the input');
    // 2 at (1, 1), 2 − 1 at (1, 2), −1 at (1, 3); −2 at (6, 4), +1 at (6, 5).
    await expect.poll(() => signOf(back, 6, 4)).toBe(-1);
    expect(await Promise.all([1, 2, 3, 4].map((column) => signOf(back, 1, column)))).toEqual([1, 1, -1, 0]);
    expect(await signOf(back, 6, 5)).toBe(1);
    await page.getByText('Clear', { exact: true }).click();
    await expect.poll(() => page.getByText('Nothing is drawn yet').count()).toBe(1);
    await page.close();
  });

  it('loads a NumPy array or a picture of the output’s size, and refuses others with the reason', async () => {
    const page = await openLinear();
    await chooseEnd(page, 'ends', 'sharp');
    await part(page, 'Backwards');
    const field = page.getByLabel('File of the pattern');
    const data = Float32Array.from({ length: SIDE * SIDE }, (_, cell) => cell / 10 - 1);
    const npy = encodeNpy({ type: 'float32', dims: [1, SIDE, SIDE], data });
    await field.setInputFiles({ name: 'pattern.npy', mimeType: 'application/octet-stream', buffer: Buffer.from(npy) });
    await expect.poll(() => lastPattern(page)).toEqual([...data]);
    const small = encodeNpy({ type: 'float32', dims: [2, 2], data: new Float32Array(4) });
    await field.setInputFiles({ name: 'small.npy', mimeType: '', buffer: Buffer.from(small) });
    const refused = page.getByRole('alert');
    await expect.poll(() => refused.innerText()).toContain('“small.npy” is not of the output’s size: it is 2 × 2.');
    expect(await refused.innerText()).toContain('8 wide and 8 tall');
    await field.setInputFiles({ name: 'cut.npy', mimeType: '', buffer: Buffer.from(npy.subarray(0, 200)) });
    await expect.poll(() => refused.innerText()).toContain('ends before');
    await field.setInputFiles({ name: 'text.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await expect.poll(() => refused.innerText()).toContain('neither a picture');
    await field.setInputFiles({ name: 'white.png', mimeType: 'image/png', buffer: await whitePicture(page) });
    await expect.poll(async () => (await lastPattern(page)).every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
    expect(await refused.count()).toBe(0);
    await page.close();
  });

  it('weighs classes: one minus another to begin with, each with a slider', async () => {
    const page = await openLinear();
    await part(page, 'Backwards');
    await expect.poll(() => lastPattern(page)).toEqual([0, -1, 1]);
    // Triangle minus square: 0.5 + 1 on the diagonal, −2 on the other.
    const back = map(page, 'Sent back to the input');
    await expect.poll(() => signOf(back, 0, 0)).toBe(1);
    expect(await signOf(back, 0, 7)).toBe(-1);
    await page.getByRole('spinbutton', { name: 'Weight of square' }).fill('0.5');
    await expect.poll(() => lastPattern(page)).toEqual([0, 0.5, 1]);
    await page.getByRole('button', { name: 'Remove square' }).click();
    await expect.poll(() => lastPattern(page)).toEqual([0, 0, 1]);
    await page.close();
  });
});

describe('two inputs', () => {
  it('stand side by side with their difference, in votes and in biases', async () => {
    const page = await openLinear();
    await part(page, 'Two inputs');
    // Input 1 is 1 larger at its first pixel: the open units are the same.
    const difference = map(page, 'Votes for triangle, input 1 minus input 2');
    await expect.poll(() => signOf(difference, 0, 0)).toBe(-1);
    expect(await signOf(difference, 1, 1)).toBe(0);
    await pointAt(difference, 0, 0);
    await expect
      .poll(() => figure(page, 'Votes for triangle, input 1 minus input 2').locator('.map-reading').innerText())
      .toMatch(/^-0.5 /);
    const equations = await page.getByRole('region', { name: 'triangle' }).locator('.equation').allInnerTexts();
    expect(equations).toEqual(['votes 4 + biases 2 = logit 6', 'votes 4.5 + biases 2 = logit 6.5']);
    await page.getByRole('button', { name: 'Show as table' }).click();
    expect(await tableRows(page.getByRole('table', { name: 'Biases by layer: input 1 minus input 2' }))).toEqual([
      ['stem.conv', '0', '0', '0'],
      ['head.fc2', '0', '0', '0'],
    ]);
    await page.close();
  });
});

describe('many inputs', () => {
  it('are folded: mean votes, bias shares, every input; those without a system are named', async () => {
    const page = await openLinear();
    await part(page, 'Many inputs');
    await page.getByLabel('Inputs, from the first').fill('4');
    await page.getByText('Read 4 inputs').click();
    const mean = map(page, 'Mean votes for triangle');
    await expect.poll(() => mean.count()).toBe(1);
    expect(await page.locator('.linear-part').innerText()).toContain(
      'One input gave no system:\ninput 4: Its activations',
    );
    // Inputs 0, 1 and 2: the first pixel is 1, 2 and 3, half of it votes for triangle.
    await pointAt(mean, 0, 0);
    await expect.poll(() => figure(page, 'Mean votes for triangle').locator('.map-reading').innerText()).toMatch(/^1 /);
    const rows = await tableRows(page.getByRole('table', { name: 'Each input' }));
    expect(rows).toHaveLength(9);
    expect(rows[3]).toEqual(['2', 'triangle', '4.5', '2', '6.5', '47.1 %']);
    // Biases −1 and 3 against votes of 4, 4.5 and 5: 4/8, 4/8.5, 4/9.
    await page
      .getByRole('figure')
      .filter({ hasText: 'Bias share over the inputs' })
      .getByRole('button', { name: 'Show as table' })
      .click();
    const bins = await tableRows(page.getByRole('table', { name: 'Bias share over the inputs' }));
    expect(bins.filter(([, triangle]) => triangle !== '0').map(([bin, triangle]) => [bin, triangle])).toEqual([
      ['40 to 45 %', '1'],
      ['45 to 50 %', '1'],
      ['50 to 55 %', '1'],
    ]);
    await page.close();
  });

  it('are cancelled', async () => {
    const page = await openLinear();
    await part(page, 'Many inputs');
    await page.getByText('Read 20 inputs').click();
    await expect.poll(() => page.getByRole('progressbar').count()).toBe(1);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => page.evaluate(() => window.fake.cancelled)).toContain('linearFold');
    expect(await page.getByText('Read 20 inputs').count()).toBe(1);
    await page.close();
  });
});

describe('which system is shown', () => {
  it('is said with its exactness: green, or amber with what is in the way, linked to the graph', async () => {
    const page = await openLinear();
    expect(await page.locator('.badge-good').innerText()).toBe('Exact');
    expect(await page.locator('.exactness').innerText()).toContain('residual 1.5e-7, tolerance 1e-5');
    expect(await page.locator('.system-notes').innerText()).toContain('ends before the softmax');
    await page.getByRole('tab', { name: 'Derivative' }).click();
    const badge = page.locator('.exactness .badge-warning');
    await expect.poll(() => badge.count()).toBe(1);
    const said = await page.locator('.exactness').innerText();
    for (const text of ['Not exact', 'stem.pool', 'Sign has no derivative', 'head.fc1', 'rounds to 8 bits', '0.0123'])
      expect(said).toContain(text);
    expect(await page.locator('.badge-good').count()).toBe(0);
    await page.getByRole('button', { name: 'head.fc1' }).click();
    await expect.poll(() => lastCall(page, 'modulesAround')).toEqual({ item: '#30' });
    await expect.poll(() => item(page, '#30').count()).toBe(1);
    await page.close();
  });

  it('says why two values make none, and goes back to the model’s own ends', async () => {
    const page = await openLinear();
    await page.getByRole('button', { name: 'Where the linear system starts' }).click();
    await page.getByRole('combobox', { name: /starts/ }).fill('sharp');
    await page.keyboard.press('Enter');
    const refused = page.getByRole('alert');
    await expect.poll(() => refused.innerText()).toContain('Nothing in “logits” is computed from “sharpened”.');
    expect(await refused.innerText()).toContain('Let the system start before it ends.');
    expect(await page.locator('.equation').count()).toBe(0);
    await page.getByText('Use the model’s own ends').click();
    await expect.poll(() => page.locator('.equation').count()).toBe(3);
    await page.close();
  });

  it('starts or ends where a person says so on a node’s page', async () => {
    const page = await browser.open();
    await item(page, 'stem').locator('[data-toggle]').click();
    await item(page, '#3').click();
    await page.getByText('End it here').click();
    await expect.poll(async () => await lastCall(page, 'linearSystem')).toMatchObject({ example: 0, to: '#3_output' });
    await page.getByText('Start the linear system here').click();
    await expect
      .poll(() => lastCall(page, 'linearSystem'))
      .toEqual({ example: 0, from: '#3_output', to: '#3_output', reading: 'frozen' });
    await page.close();
  });

  it('is read with progress, and stopped', async () => {
    const page = await browser.open();
    await page.evaluate(() => (window.fake.slow.value = 40));
    await page.getByRole('tab', { name: 'Linear interpreter' }).click();
    await expect.poll(() => page.getByRole('progressbar', { name: /Reading the network/ }).count()).toBe(1);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => page.evaluate(() => window.fake.cancelled)).toContain('linearSystem');
    await page.evaluate(() => (window.fake.slow.value = 1));
    await page.getByText('Read the network on this input').click();
    await expect.poll(() => page.locator('.equation').count()).toBe(3);
    await page.close();
  });

  it('says what to do where there are no inputs, and why where the model cannot run', async () => {
    const page = await browser.open({ scenario: 'no-inputs' });
    await page.getByRole('tab', { name: 'Linear interpreter' }).click();
    await page.locator('.linear-view').getByText('Choose Inputs…').click();
    await expect.poll(() => lastCall(page, 'command')).toEqual({ command: 'modelInspector.chooseInputs' });
    await page.close();
    const other = await browser.open({ scenario: 'cannot-run' });
    await other.getByRole('tab', { name: 'Linear interpreter' }).click();
    await expect.poll(() => other.locator('.linear-view').innerText()).toContain('com.example.FancyNorm');
    expect(await countCalls(other, 'linearSystem')).toBe(0);
    await other.close();
  });
});

describe('what leaves the view', () => {
  it('is the numbers as a NumPy array and as CSV, and the picture with its title', async () => {
    const page = await openLinear();
    await saveAs(page, 'Votes for circle', 'Numbers as NumPy array (.npy)');
    const npy = await saved(page, 1);
    expect(npy.suggestedName).toBe('Votes-for-circle.npy');
    const array = await openNpy(memorySource('votes.npy', npy.bytes));
    expect([array.type, array.dims]).toEqual(['float32', [SIDE, SIDE]]);
    const { data } = await array.read(0, SIDE);
    const byHand = Float32Array.from({ length: SIDE * SIDE }, (_, cell) => {
      const [row, column] = [Math.floor(cell / SIDE), cell % SIDE];
      return row === column ? 1 : row + column === SIDE - 1 ? -0.5 : 0;
    });
    expect(data).toEqual(byHand);
    await saveAs(page, 'Votes for circle', 'Numbers as CSV');
    const csv = new TextDecoder().decode((await saved(page, 2)).bytes).split('\r\n');
    expect(csv.slice(0, 2)).toEqual(['axis 0,0,1,2,3,4,5,6,7', '0,1,0,0,0,0,0,0,-0.5']);
    await saveAs(page, 'Votes for circle', 'Picture as PNG');
    const png = await saved(page, 3);
    expect(png.suggestedName).toBe('Votes-for-circle.png');
    expect([...png.bytes.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    await page.close();
  });

  it('is a row as a NumPy array, [channels, height, width]', async () => {
    const page = await openLinear();
    await chooseEnd(page, 'starts', 'colour');
    await part(page, 'Rows and columns');
    await expect.poll(() => figure(page, 'Row of triangle').count()).toBe(1);
    await saveAs(page, 'Row of triangle', 'Numbers as NumPy array (.npy)');
    const array = await openNpy(memorySource('row.npy', (await saved(page, 1)).bytes));
    expect(array.dims).toEqual([3, SIDE, SIDE]);
    const { data } = await array.read(2, 3);
    expect(Array.from(data as Float32Array)).toEqual(
      Array.from({ length: SIDE * SIDE }, (_, cell) => Number(Math.floor(cell / SIDE) === cell % SIDE)),
    );
    await page.close();
  });
});

describe('safety and access', () => {
  it('shows markup in names of classes, layers and notes as text', async () => {
    const page = await openLinear({ model: 'hostile' });
    await expect.poll(() => page.locator('.equation').count()).toBeGreaterThan(0);
    expect(await page.locator('.output-chooser').innerText()).toContain('<b>bold</b>');
    for (const name of ['Bias ledger', 'Rows and columns', 'Backwards', 'Votes']) await part(page, name);
    expect(await page.locator('#model-inspector :is(img, script, b)').count()).toBe(0);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    await page.close();
  });

  it.each<[ThemeName, number]>([
    ['light', 1280],
    ['hc-dark', 600],
  ])('obeys the content security policy and fits the window (%s, %i pixels)', async (theme, width) => {
    const page = await openLinear({ theme, width });
    for (const name of [
      'Votes',
      'Bias ledger',
      'Rows and columns',
      'Strongest patterns',
      'Backwards',
      'Two inputs',
      'Many inputs',
    ]) {
      await part(page, name);
      await page.waitForTimeout(120);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await page.locator('.view').evaluate((view) => view.scrollWidth - view.clientWidth)).toBeLessThanOrEqual(
        0,
      );
    }
    expect(await page.evaluate(() => window.fake.violations)).toEqual([]);
    await page.close();
  });
});

async function whitePicture(page: Page): Promise<Buffer> {
  const bytes = await page.evaluate(async (side) => {
    const canvas = new OffscreenCanvas(side, side);
    const context = canvas.getContext('2d');
    if (context !== null) {
      context.fillStyle = '#ffffff';
      context.fillRect(0, 0, side, side);
    }
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())];
  }, SIDE);
  return Buffer.from(bytes);
}
