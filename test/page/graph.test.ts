import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCalls, item, lastCall } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const field = (page: Page) => page.getByRole('combobox', { name: 'Search the graph' });
const count = (page: Page) => page.locator('.graph-search-count');
const options = (page: Page) => page.getByRole('option');

async function openGraph(): Promise<Page> {
  const page = await browser.open();
  await item(page, 'layer4').waitFor();
  return page;
}

async function search(page: Page, query: string): Promise<void> {
  await page.keyboard.press('Control+f');
  await field(page).fill(query);
  await expect.poll(() => lastCall(page, 'search')).toEqual({ query, scope: '' });
}

/** What stands out, by its id. */
const marks = (page: Page): Promise<Record<string, string>> =>
  page
    .locator('[data-mark]')
    .evaluateAll((all) =>
      Object.fromEntries(all.map((each) => [each.getAttribute('data-id'), each.getAttribute('data-mark')])),
    );

describe('searching the graph', () => {
  it('begins with Ctrl+F from anywhere, and marks what is found at every key', async () => {
    const page = await openGraph();
    await page.keyboard.press('Control+f');
    expect(await field(page).evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.type('gemm');
    await expect.poll(() => count(page).innerText()).toBe('nothing found');
    expect(await page.locator('[data-marked]').count()).toBe(0);
    await field(page).fill('op:Gemm');
    await expect.poll(() => count(page).innerText()).toBe('2 found');
    // Both lie in a module that is not open: it stands for them.
    expect(await marks(page)).toEqual({ head: 'found' });
    const opacity = (id: string) => item(page, id).evaluate((element) => Number(getComputedStyle(element).opacity));
    expect(await opacity('head')).toBe(1);
    expect(await opacity('layer1')).toBeLessThan(0.5);
    await page.close();
  });

  it('goes from match to match, opens the modules around each, and begins again after the last', async () => {
    const page = await openGraph();
    await search(page, 'op:Gemm');
    await expect.poll(() => count(page).innerText()).toBe('2 found');
    await page.keyboard.press('Enter');
    await expect.poll(() => count(page).innerText()).toBe('1 of 2');
    await expect.poll(async () => Object.values(await marks(page)).sort()).toEqual(['current', 'found']);
    expect(await item(page, 'head').getAttribute('aria-expanded')).toBe('true');
    const [first] = Object.entries(await marks(page)).find(([, mark]) => mark === 'current') ?? [];
    expect(await lastCall(page, 'select')).toEqual({ item: first });
    // The search keeps the focus; F3 works from anywhere.
    await page.keyboard.press('Enter');
    await expect.poll(() => count(page).innerText()).toBe('2 of 2');
    await item(page, 'layer1').click();
    await page.keyboard.press('F3');
    await expect.poll(() => count(page).innerText()).toBe('1 of 2');
    await page.keyboard.press('Shift+F3');
    await expect.poll(() => count(page).innerText()).toBe('2 of 2');
    await page.getByRole('button', { name: 'Previous match' }).click();
    await expect.poll(() => count(page).innerText()).toBe('1 of 2');
    await page.close();
  });

  it('completes fields and values from the keyboard', async () => {
    const page = await openGraph();
    await page.keyboard.press('Control+f');
    await expect.poll(() => options(page).count()).toBe(3);
    await page.keyboard.type('o');
    await expect.poll(() => options(page).count()).toBe(1);
    await page.keyboard.press('Tab');
    expect(await field(page).inputValue()).toBe('op:');
    await expect.poll(() => options(page).count()).toBeGreaterThan(4);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const chosen = page.getByRole('option', { selected: true });
    const text = await chosen.locator('.completion-label').innerText();
    expect(await field(page).getAttribute('aria-activedescendant')).toBe(await chosen.getAttribute('id'));
    await page.keyboard.press('Enter');
    expect(await field(page).inputValue()).toBe(`op:${text}`);
    await expect.poll(() => lastCall(page, 'search')).toEqual({ query: `op:${text}`, scope: '' });
    expect(await options(page).count()).toBe(0);
    await page.close();
  });

  it('takes a completion that is clicked', async () => {
    const page = await openGraph();
    await search(page, 'op:Gl');
    await options(page).filter({ hasText: 'GlobalAveragePool' }).click();
    await expect.poll(() => field(page).inputValue()).toBe('op:GlobalAveragePool');
    await expect.poll(() => count(page).innerText()).toBe('1 found');
    await page.close();
  });

  it('underlines what it does not understand, says why, and leaves what was found', async () => {
    const page = await openGraph();
    await search(page, 'op:Conv');
    await expect.poll(() => count(page).innerText()).toBe('17 found');
    const before = await marks(page);
    await search(page, 'oq:Conv stem');
    await expect.poll(() => page.locator('.query-backdrop mark').allInnerTexts()).toEqual(['oq']);
    expect(await page.locator('.graph-search-problem').innerText()).toBe(
      'There is no field “oq”. Did you mean “op”? A text with a colon stands in quotes.',
    );
    expect(await field(page).getAttribute('aria-invalid')).toBe('true');
    expect(await marks(page)).toEqual(before);
    await page.close();
  });

  it('is left with Escape: first the list, then the text, and everything is as before', async () => {
    const page = await openGraph();
    await page.keyboard.press('Control+f');
    await page.keyboard.type('op:C');
    await expect.poll(() => options(page).count()).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await expect.poll(() => options(page).count()).toBe(0);
    expect(await field(page).inputValue()).toBe('op:C');
    await page.keyboard.press('Escape');
    expect(await field(page).inputValue()).toBe('');
    await expect.poll(() => page.locator('[data-marked]').count()).toBe(0);
    await page.close();
  });

  it('is of the graph that is drawn, also of a body', async () => {
    const page = await browser.open({ model: 'branching' });
    await item(page, '#1').click();
    await page.getByText('Open then_branch').click();
    await item(page, '#1.0/#0').waitFor();
    await page.keyboard.press('Control+f');
    await field(page).fill('op:Mul');
    await expect.poll(() => lastCall(page, 'search')).toEqual({ query: 'op:Mul', scope: '#1.0' });
    await page.close();
  });

  it('is still there after a restart', async () => {
    const page = await openGraph();
    await search(page, 'op:Gemm');
    await page.waitForTimeout(400);
    await page.reload();
    await expect.poll(() => field(page).inputValue()).toBe('op:Gemm');
    await expect.poll(() => count(page).innerText()).toBe('2 found');
    await page.close();
  });
});

describe('a path', () => {
  it('leads from the selected item to the one that is clicked, and is left with Escape', async () => {
    const page = await openGraph();
    await item(page, 'layer1').click();
    await page.getByRole('button', { name: 'Path from here…' }).click();
    const bar = page.locator('.path-bar');
    await expect.poll(() => bar.innerText()).toContain('Path from layer1: choose where it ends');
    await item(page, 'layer3').click();
    await expect.poll(() => lastCall(page, 'path')).toEqual({ from: 'layer1', to: 'layer3' });
    await expect.poll(() => bar.innerText()).toMatch(/layer1 → layer3: \d+ nodes on the shortest path/);
    expect(await marks(page)).toEqual({ layer1: 'shortest', layer2: 'shortest', layer3: 'shortest' });
    expect(await page.locator('.graph-edge.highlighted').count()).toBe(2);
    // Choosing an end selects nothing.
    expect(await lastCall(page, 'select')).toEqual({ item: 'layer1' });
    await page.keyboard.press('Escape');
    await expect.poll(() => bar.count()).toBe(0);
    expect(await marks(page)).toEqual({});
    await page.close();
  });

  it('is found with the keyboard alone, against the data too', async () => {
    const page = await openGraph();
    await item(page, 'layer2').click();
    await page.keyboard.press('p');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => lastCall(page, 'select')).toEqual({ item: 'layer1' });
    await page.keyboard.press('Enter');
    await expect.poll(() => lastCall(page, 'path')).toEqual({ from: 'layer2', to: 'layer1' });
    await expect.poll(() => page.locator('.path-bar').innerText()).toContain('the data flows the other way');
    await page.close();
  });

  it('that does not exist is answered with the reason', async () => {
    const page = await openGraph();
    // A network without a way: its input is cut off.
    await page.evaluate(() => (window.fake.network.edges as unknown[]).splice(0));
    await item(page, 'stem').click();
    await page.keyboard.press('p');
    await item(page, 'layer2').click();
    await expect.poll(() => page.locator('.path-bar').innerText()).toContain('Neither is computed from the other.');
    expect(await marks(page)).toEqual({ stem: 'shortest', layer2: 'shortest' });
    await page.close();
  });
});

describe('the operator of a node', () => {
  it('is explained on request, beside the values of the node', async () => {
    const page = await openGraph();
    await search(page, 'stem.conv');
    await page.keyboard.press('Enter');
    const about = page.getByText('About Conv');
    await about.waitFor();
    expect(await countCalls(page, 'documentation')).toBe(0);
    await about.click();
    const panel = page.locator('.operator');
    await expect.poll(() => panel.innerText()).toContain('Slides learned kernels over the input');
    const text = (await panel.innerText()).replaceAll('\n', ' ');
    for (const part of [
      'ai.onnx, version 17 in this model; the operator is as since version 11.',
      'X image T: float16, float32, float64',
      'B left out optional, T: float16, float32, float64',
      'kernel_shape [3, 3] ints',
      'strides 1 along each axis the default, ints',
      'Later versions 22 input “X” may also be bfloat16',
    ]) {
      expect(text).toContain(part);
    }
    await page.close();
  });
});

describe('the colouring for other tools', () => {
  it.each([
    ['Netron attachment (.json)', 'netron'],
    ['Model Explorer node data (.json)', 'model-explorer'],
  ])('is saved as %s', async (label, format) => {
    const page = await openGraph();
    await page.getByRole('button', { name: /for other tools/ }).click();
    await page.getByRole('menuitem', { name: label }).click();
    await expect.poll(() => countCalls(page, 'save')).toBe(1);
    const saved = await page.evaluate(() => {
      const { suggestedName, bytes } = window.fake.calls.findLast(({ method }) => method === 'save')?.argument as {
        suggestedName: string;
        bytes: Uint8Array;
      };
      return { suggestedName, text: new TextDecoder().decode(bytes) };
    });
    const { metric } = (await lastCall(page, 'interchange')) as { metric: string };
    expect(saved.suggestedName).toBe(`shapes.onnx-Dead-share-${format}.json`);
    expect(JSON.parse(saved.text)).toEqual({ signature: `${format} ${metric}` });
    expect(await page.getByRole('menu').count()).toBe(0);
    await page.close();
  });
});

describe('the keyboard in the graph', () => {
  it('moves outwards with Shift and up, and back to the first view with Home', async () => {
    const page = await openGraph();
    const scene = page.locator('.graph-svg > g');
    await item(page, 'layer4').locator('[data-toggle]').click();
    await item(page, 'layer4/1').click();
    await page.keyboard.press('Shift+ArrowUp');
    await expect.poll(() => lastCall(page, 'select')).toEqual({ item: 'layer4' });
    await page.keyboard.press('Home');
    const home = await scene.getAttribute('transform');
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    expect(await scene.getAttribute('transform')).not.toBe(home);
    await page.keyboard.press('Home');
    expect(await scene.getAttribute('transform')).toBe(home);
    await page.close();
  });

  it('is listed with the grammar of searches under "?", which Escape closes', async () => {
    const page = await openGraph();
    await item(page, 'layer1').click();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: /Search and keys/ });
    await expect.poll(() => help.innerText()).toContain('op:Conv,Gemm');
    const text = await help.innerText();
    for (const part of ['params:', 'zero-share:', 'Zero share', 'Ctrl+F', 'opens or closes a module']) {
      expect(text).toContain(part);
    }
    await page.keyboard.press('Escape');
    await expect.poll(() => help.count()).toBe(0);
    await page.close();
  });

  it('leaves text fields alone', async () => {
    const page = await openGraph();
    await search(page, 'stem');
    await page.keyboard.type('/?p0');
    expect(await field(page).inputValue()).toBe('stem/?p0');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.close();
  });
});
