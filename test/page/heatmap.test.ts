import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser, type PageBrowser } from './browser.js';
import { hugeNetwork } from './fake/network.js';
import { numbersOf } from './fake/numbers.js';
import { processorTime } from './processor-time.js';

/** A frame at sixty a second: frames themselves depend on what else the machine does, and are told only. */
const MOST_PROCESSOR_MS = 16;
const PANNING_MS = 4000;

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

describe('the heatmap of 2,000 inputs × 10,000 units', () => {
  it.each([
    ['at the first view, with names and pictures', 0, 20],
    ['zoomed in', 3, 2],
    ['with as much of it in sight as there is room for', -1, 20],
  ])('takes the page less than a frame’s time while panning %s', async (view, zooms, tilesAtLeast) => {
    const page = await browser.open({ model: 'huge', width: 1400, height: 900 });
    await showExamples(page);
    await page.locator('.heatmap-canvas').focus();
    for (let step = 0; step < zooms; step++) await page.keyboard.press('+');
    if (zooms < 0) {
      await page.keyboard.press('0');
      await page.waitForTimeout(1500);
    }
    const processor = await processorTime(page);
    const before = await processor();
    const { frames, seconds, tiles } = await page.evaluate(panAndCount, PANNING_MS);
    const perFrame = ((await processor()) - before) / frames;
    console.log(
      `heatmap panning ${view}: ${perFrame.toFixed(1)} ms of the processor per frame, ` +
        `${(frames / seconds).toFixed(1)} frames/s, ${tiles} tiles read`,
    );
    expect(tiles).toBeGreaterThan(tilesAtLeast);
    expect(perFrame).toBeLessThan(MOST_PROCESSOR_MS);
    await page.close();
  });

  it('says the value and the names of the cell under the pointer', async () => {
    const page = await browser.open({ model: 'huge' });
    await showExamples(page);
    const canvas = page.getByRole('application', { name: /Units of wide.relu/ });
    await canvas.focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key);
    const network = hugeNetwork();
    const [layer] = network.layers;
    const expected = layer === undefined ? NaN : numbersOf(network).peak(layer, 2, 1);
    const readout = page.locator('.readout');
    await expect.poll(() => readout.innerText()).toContain('wide.relu · neuron 2 on square_000.png');
    const value = Number(await page.locator('.readout-value').innerText());
    expect(value).toBeCloseTo(expected, 3);
    await page.close();
  });

  it('asks for tiles of at most 256 × 256 cells, beside one sample for the colours', async () => {
    const page = await browser.open({ model: 'huge' });
    await showExamples(page);
    const tiles = await page.evaluate(() =>
      window.fake.calls
        .filter(({ method }) => method === 'exampleTile')
        .map(({ argument }) => argument as { rows: [number, number]; columns: [number, number] }),
    );
    const [sample, ...rest] = tiles.map(({ rows, columns }) => (rows[1] - rows[0]) * (columns[1] - columns[0]));
    expect(sample).toBeLessThanOrEqual(2 ** 20);
    expect(rest.length).toBeGreaterThan(0);
    expect(Math.max(...rest)).toBeLessThanOrEqual(256 * 256);
    await page.close();
  });
});

describe('units × layers', () => {
  it('selects the unit that is clicked and opens its page', async () => {
    const page = await browser.open();
    await page.getByRole('tab', { name: 'Heatmap' }).click();
    const canvas = page.getByRole('application', { name: /Units of every layer/ });
    await canvas.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.evaluate(() => window.fake.calls.findLast(({ method }) => method === 'select')?.argument))
      .toEqual({ layer: 'layer1.0.1.relu_output', unit: 1 });
    await expect.poll(() => page.getByRole('article', { name: 'layer1.0.1.relu, channel 1' }).count()).toBe(1);
    await page.close();
  });

  it('puts the largest units first when asked to', async () => {
    const page = await browser.open();
    await page.getByRole('tab', { name: 'Heatmap' }).click();
    await page.getByRole('combobox', { name: 'Units by' }).click();
    await page.getByRole('option', { name: 'Value, largest first' }).click();
    const canvas = page.getByRole('application', { name: /Units of every layer/ });
    await canvas.focus();
    const values: number[] = [];
    for (let column = 0; column < 5; column++) {
      await page.keyboard.press('ArrowRight');
      await page.waitForTimeout(50);
      values.push(Number(await page.locator('.readout-value').innerText()));
    }
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    await page.close();
  });
});

async function showExamples(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Heatmap' }).click();
  await page.getByRole('tab', { name: 'Units × inputs' }).click();
  await expect.poll(() => page.locator('.heatmap-canvas').count()).toBe(1);
  await page.waitForTimeout(500);
}

/** Drags over the matrix at full cell resolution and counts the frames that the browser shows. Runs in the page. */
async function panAndCount(durationMs: number): Promise<{ frames: number; seconds: number; tiles: number }> {
  const canvas = document.querySelector('.heatmap-canvas') as HTMLCanvasElement;
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const send = (type: string, x: number, y: number): void => {
    canvas.dispatchEvent(
      new PointerEvent(type, { pointerId: 1, button: 0, clientX: left + x, clientY: top + y, bubbles: true }),
    );
  };
  // Synthetic pointers cannot be captured.
  canvas.setPointerCapture = () => undefined;
  const tilesBefore = window.fake.calls.filter(({ method }) => method === 'exampleTile').length;
  let frames = 0;
  const start = performance.now();
  let [x, y] = [width - 10, height - 10];
  send('pointerdown', x, y);
  await new Promise<void>((resolve) => {
    const step = (now: number): void => {
      frames++;
      x -= 24;
      y -= 6;
      send('pointermove', x, y);
      if (now - start < durationMs) requestAnimationFrame(step);
      else resolve();
    };
    requestAnimationFrame(step);
  });
  send('pointerup', x, y);
  return {
    frames,
    seconds: (performance.now() - start) / 1000,
    tiles: window.fake.calls.filter(({ method }) => method === 'exampleTile').length - tilesBefore,
  };
}
