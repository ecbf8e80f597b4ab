/** What a person makes of a circuit: nodes chosen, pinned and grouped, looked at in a table, and saved. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countCalls, lastCall } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';
import { topmostMark } from './topmost-mark.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const canvasOf = (page: Page): Locator => page.locator('.circuit-window canvas');
const panel = (page: Page): Locator => page.locator('.circuit-node');
const list = (page: Page, name: string): Locator => page.getByRole('list', { name });
const button = (page: Page, name: string): Locator => page.locator('vscode-button', { hasText: name });

async function openCircuit(): Promise<Page> {
  const page = await browser.open({ model: 'text', scenario: 'circuits', width: 1400, height: 1600 });
  await page.getByRole('tab', { name: 'Circuits' }).click();
  const field = page.locator('.circuit-form textarea');
  await field.fill('The dog runs');
  await field.press('Enter');
  await canvasOf(page).waitFor();
  return page;
}

/** The most influential nodes, with the space bar. @returns their names. */
async function chooseByKeys(page: Page, count: number): Promise<string[]> {
  await canvasOf(page).focus();
  const names: string[] = [];
  for (let at = 0; at < count; at++) {
    await page.keyboard.press('n');
    await expect.poll(async () => names.includes((await panel(page).getAttribute('aria-label')) ?? '')).toBe(false);
    names.push((await panel(page).getAttribute('aria-label')) ?? '');
    await page.keyboard.press(' ');
    await expect.poll(() => page.locator('.circuit-chosen [role=status]').innerText()).toContain(String(at + 1));
  }
  return names;
}

/** Both in one task, so that nothing is drawn between them: the key must mean what was typed. */
async function typeAndEnter(field: Locator, text: string): Promise<void> {
  await field.evaluate((input: HTMLInputElement, typed) => {
    input.value = typed;
    input.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, composed: true }));
  }, text);
}

async function group(page: Page, name: string): Promise<void> {
  await page.locator('.circuit-chosen vscode-text-field input').fill(name);
  await page.locator('.circuit-chosen vscode-button', { hasText: 'Group' }).click();
  await list(page, 'Groups').waitFor();
}

interface Saved {
  readonly name: string;
  readonly text: string;
}

async function saved(page: Page, count = 1): Promise<Saved> {
  await expect.poll(() => countCalls(page, 'save')).toBe(count);
  return page.evaluate(() => {
    const { suggestedName, bytes } = window.fake.calls.findLast(({ method }) => method === 'save')?.argument as {
      suggestedName: string;
      bytes: Uint8Array;
    };
    return { name: suggestedName, text: new TextDecoder().decode(bytes) };
  });
}

it('nodes that are chosen stand together under a name, with the sums of their edges', async () => {
  const page = await openCircuit();
  const names = await chooseByKeys(page, 3);
  await group(page, 'animals');
  expect(await list(page, 'Groups').innerText()).toMatch(/animals\s+3 nodes\s+Ungroup/);
  await list(page, 'Groups').getByText('animals').click();
  await expect.poll(() => panel(page).getAttribute('aria-label')).toBe('animals');
  const members = panel(page).getByRole('table', { name: 'Nodes of the group' });
  expect(await members.locator('td:first-child').allInnerTexts()).toEqual(names);

  // What the group adds to its largest target is what its nodes add, one by one.
  const first = panel(page).getByRole('table', { name: 'Goes into' }).locator('tbody tr').first();
  const [target = '', sum = ''] = await first.locator('td').allInnerTexts();
  await first.getByRole('button', { name: target }).click();
  await expect.poll(() => panel(page).getAttribute('aria-label')).toBe(target);
  const entering = panel(page).locator('.circuit-edges').first().locator('tr');
  expect(await entering.count()).toBeLessThanOrEqual(12);
  let added = 0;
  for (const row of await entering.all()) {
    const [source = '', weight = ''] = await row.locator('td').allInnerTexts();
    if (names.includes(source)) added += Number(weight.replace('−', '-'));
  }
  expect(added).toBeCloseTo(Number(sum.replace('−', '-')), 3);
  await page.close();
});

it('edges of a group are checked by a run without all of their sources at once', async () => {
  const page = await openCircuit();
  await chooseByKeys(page, 3);
  await group(page, 'animals');
  await list(page, 'Groups').getByText('animals').click();
  await expect.poll(() => panel(page).getAttribute('aria-label')).toBe('animals');
  const check = page.locator('.circuit-check');
  const ask = async (table: string): Promise<string> => {
    const row = panel(page).getByRole('table', { name: table }).locator('tbody tr').first();
    const [other = ''] = await row.locator('td').allInnerTexts();
    await row.getByRole('button', { name: 'Check' }).click();
    return other;
  };
  const asked = async () => (await lastCall(page, 'circuitCheck')) as { sources: number[]; targets: number[] };
  const target = await ask('Goes into');
  await expect.poll(() => check.locator('h4').innerText()).toBe(`${target} without animals`);
  await expect.poll(() => check.locator('tbody tr').count()).toBe(3);
  expect(await check.locator('tbody tr').first().innerText()).toMatch(/Direct.*-0\.5\s+-0\.5/s);
  // By weights alone there is nothing of several nodes.
  expect(await check.innerText()).not.toContain('by weights');
  expect(await check.innerText()).toContain('Sums over all edges between the two');
  const out = await asked();
  expect([out.sources.length, out.targets.length]).toEqual([3, 1]);
  const source = await ask('Made up of');
  await expect.poll(() => check.locator('h4').innerText()).toBe(`animals without ${source}`);
  await expect.poll(() => countCalls(page, 'circuitCheck')).toBe(2);
  await expect.poll(() => check.locator('tbody tr').count()).toBe(3);
  const into = await asked();
  expect([into.sources.length, into.targets]).toEqual([1, out.sources]);
  await page.close();
});

it('a group is renamed and taken apart, its nodes stay pinned, and every step is undone', async () => {
  const page = await openCircuit();
  const names = await chooseByKeys(page, 2);
  await group(page, '');
  await list(page, 'Groups').getByText('group 1').click();
  await typeAndEnter(panel(page).locator('vscode-text-field input'), 'dogs');
  await expect.poll(() => panel(page).getAttribute('aria-label')).toBe('dogs');
  await panel(page).getByText('Ungroup').click();
  await expect.poll(() => list(page, 'Groups').count()).toBe(0);
  expect(await list(page, 'Pinned nodes').locator('.text-button:first-of-type').allInnerTexts()).toEqual(names);
  await button(page, 'Undo').click();
  await expect.poll(() => list(page, 'Groups').innerText()).toContain('dogs');
  await canvasOf(page).focus();
  await page.keyboard.press('u');
  await expect.poll(() => list(page, 'Groups').innerText()).toContain('group 1');
  await page.keyboard.press('u');
  await expect.poll(() => page.locator('.circuit-arrange').count()).toBe(0);
  await page.close();
});

it('pinned nodes are listed, chosen there to be grouped, and unpinned together', async () => {
  const page = await openCircuit();
  const names = await chooseByKeys(page, 3);
  await page.locator('.circuit-chosen vscode-button', { hasText: 'Pin' }).click();
  const pinned = list(page, 'Pinned nodes');
  await expect.poll(() => pinned.locator('li').count()).toBe(3);
  await pinned.locator('vscode-checkbox').nth(0).click();
  await pinned.locator('vscode-checkbox').nth(2).click();
  await group(page, 'ends');
  expect(await pinned.locator('li').allInnerTexts()).toEqual([expect.stringContaining(names[1] ?? '')]);
  await page.locator('.circuit-arrange').getByText('Unpin all').click();
  await expect.poll(() => pinned.count()).toBe(0);
  expect(await list(page, 'Groups').innerText()).toContain('ends');
  await page.close();
});

it('shift and a click choose what is under the pointer, and leave it again', async () => {
  const page = await openCircuit();
  await page.locator('.circuit-mark-token').waitFor();
  await expect.poll(() => topmostMark(canvasOf(page))).toBeDefined();
  const position = (await topmostMark(canvasOf(page))) ?? { x: 0, y: 0 };
  await canvasOf(page).click({ position, modifiers: ['Shift'] });
  const told = page.locator('.circuit-chosen [role=status]');
  await expect.poll(() => told.innerText()).toBe('1 node is chosen; a group takes two.');
  expect(await panel(page).count()).toBe(0);
  await canvasOf(page).click({ position, modifiers: ['Shift'] });
  await expect.poll(() => told.count()).toBe(0);
  await page.close();
});

it('comes back when the page is shown again: slider, pins, groups and what was looked at', async () => {
  const page = await openCircuit();
  await chooseByKeys(page, 2);
  await group(page, 'animals');
  await page.getByRole('slider', { name: 'Share of the influence that is shown' }).fill('0.5');
  await list(page, 'Groups').getByText('animals').click();
  await expect.poll(() => panel(page).getAttribute('aria-label')).toBe('animals');
  // Changes are saved a moment later.
  await expect.poll(() => page.evaluate(() => sessionStorage.getItem('webview-state') ?? '')).toContain('"share":0.5');
  await expect
    .poll(() => page.evaluate(() => sessionStorage.getItem('webview-state') ?? ''))
    .toContain('"together":true');
  await page.reload();
  await canvasOf(page).waitFor();
  await expect.poll(() => panel(page).getAttribute('aria-label')).toBe('animals');
  expect(await list(page, 'Groups').innerText()).toContain('animals');
  expect(await page.locator('.circuit-slider').innerText()).toMatch(/hold 50\s%/);
  await page.close();
});

it('shades the tokens that what is pointed at comes from, and frames its own', async () => {
  const page = await openCircuit();
  const tokens = page.getByRole('group', { name: 'Tokens of the text' }).locator('.token');
  expect(await tokens.count()).toBe(6);
  expect(await page.locator('.circuit-own-token').count()).toBe(0);
  await expect.poll(() => topmostMark(canvasOf(page))).toBeDefined();
  await canvasOf(page).hover({ position: (await topmostMark(canvasOf(page))) ?? { x: 0, y: 0 } });
  // Outputs are at the last token.
  await expect.poll(() => page.locator('.circuit-own-token').innerText()).toBe('␣word6');
  const shares = (await tokens.evaluateAll((all) => all.map((each) => (each as HTMLElement).title))).map((title) =>
    Number(/([\d.]+)\s% of it/.exec(title)?.[1]),
  );
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
  await page.mouse.move(0, 0);
  await expect.poll(() => page.locator('.circuit-own-token').count()).toBe(0);
  await page.close();
});

it('the table has what the picture shows: it is sorted, looks at nodes by keys, and is copied', async () => {
  const page = await openCircuit();
  await page.getByText('Nodes as a table').click();
  const table = page.getByRole('table', { name: 'Nodes of the circuit' });
  const shown = Number(/influence: (\d+) of/.exec(await page.locator('.circuit-slider').innerText())?.[1]);
  expect(await table.getAttribute('aria-rowcount')).toBe(String(shown + 1));
  const influences = (): Promise<number[]> =>
    table.locator('tbody tr td:nth-child(7)').allInnerTexts().then((texts) => texts.map(Number)); // prettier-ignore
  expect(await influences()).toEqual([...(await influences())].sort((a, b) => b - a));
  await table.getByRole('button', { name: 'Activation' }).click();
  const activations = await table.locator('tbody tr td:nth-child(5)').allInnerTexts();
  const numbers = activations.filter((each) => each !== '–').map(Number);
  expect(numbers.length).toBeGreaterThan(3);
  expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
  // What has no activation stays at the end.
  expect(activations.slice(numbers.length).every((each) => each === '–')).toBe(true);
  const row = table.locator('tbody tr').nth(1);
  await row.focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => panel(page).getAttribute('aria-label')).toBe(await row.locator('td').first().innerText());
  await page.locator('.circuit-nodes').getByTitle('Copy the table').click();
  await expect.poll(async () => (await lastCall(page, 'copyText')) as { text: string }).toBeDefined();
  const { text } = (await lastCall(page, 'copyText')) as { text: string };
  expect(text.split('\n')).toHaveLength(shown + 1);
  expect(text.split('\n')[0]?.split('\t')).toContain('influence');
  await page.close();
});

it('CSV has every node, shown or not', async () => {
  const page = await openCircuit();
  const frame = page.locator('.circuit-picture .chart-frame');
  await frame.getByTitle('Show as table').click();
  await frame.getByTitle('Save as CSV').click();
  const { name, text } = await saved(page);
  expect(name).toMatch(/^Circuit-of-.*\.csv$/);
  const lines = text.trimEnd().split('\r\n');
  expect(lines[0]).toBe('node,kind,layer,token number,token,feature,activation,value,influence,group,shown');
  expect(lines).toHaveLength(88 + 1);
  expect(lines.filter((line) => line.endsWith(',yes')).length).toBe(40);
  await page.close();
});

it('is saved as a graph with what is shown, pinned and grouped', async () => {
  const page = await openCircuit();
  await chooseByKeys(page, 2);
  await group(page, 'animals');
  await button(page, 'Save as Graph').click();
  const { name, text } = await saved(page);
  expect(name).toBe('grammar-lm-circuit-of-The-dog-runs-random-inputs.json');
  const graph = JSON.parse(text) as {
    metadata: Record<string, unknown>;
    qParams: { supernodes: string[][] };
    nodes: { node_id: string }[];
    links: { source: string; target: string }[];
  };
  expect(graph.metadata).toMatchObject({
    slug: 'the-dog-runs',
    scan: 'grammar-lm',
    prompt: 'The dog runs',
    node_threshold: 0.8,
    transcoder_list: ['layer_0.safetensors', 'layer_1.safetensors'],
  });
  const told = await page.locator('.circuit-slider').innerText();
  expect(graph.nodes).toHaveLength(Number(/influence: (\d+) of/.exec(told)?.[1]));
  expect(graph.links).toHaveLength(Number(/with (\d+) of/.exec(told)?.[1]));
  const ids = new Set(graph.nodes.map(({ node_id }) => node_id));
  for (const { source, target } of graph.links) expect(ids.has(source) && ids.has(target)).toBe(true);
  const [supernode = []] = graph.qParams.supernodes;
  expect(supernode[0]).toBe('animals');
  expect(supernode.slice(1).every((id) => ids.has(id))).toBe(true);
  await page.close();
});
