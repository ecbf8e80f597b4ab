/** Circuits in VS Code: transcoders are attached, a circuit is found, its picture looked at, and an edge checked. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { useVsCode } from './use-vscode.js';

const DICTIONARIES = 'media/samples/grammar-gpt/dictionaries';

let code: VsCode;
let page: ModelPage;
let workspace: string;

useVsCode(
  { workspace: join(repository, 'media/samples'), copy: true, browser: { viewport: { width: 1600, height: 1000 } } },
  (opened) => {
    ({ code, page } = opened);
    workspace = opened.server.workspace;
  },
);

it('a model without transcoders offers to attach them, and tells where each stands', async () => {
  await code.openFile('grammar-gpt/grammar-gpt.onnx');
  await page.waitForText('Choose Inputs…');
  await page.openTab('circuits');
  await page.waitForText('No transcoders are attached');
  await code.screenshot('circuits none attached');
  await page.press('Attach Transcoders…');
  await code.quickPick('A folder with one transcoder for each layer…');
  await answerPath(code, join(repository, DICTIONARIES));
  await page.waitForText('Transcoders for 4 of 4 layers');
});

it('a text is typed, and what makes up the next token is drawn', async () => {
  const text = (await page.locator('.circuit-form textarea')).first();
  await text.fill('Tom has four black');
  await text.press('Enter');
  const shown = await page.waitForText(/through features/);
  expect(shown).toContain('Likely next');
  expect(shown).toMatch(/Nodes that hold 80 % of the influence: [\d,]+ of [\d,]+/);
  expect(shown).not.toContain('do not rely on this circuit');
  await code.screenshot('circuit dark');
});

it('a node tells what makes it up, and an edge is checked by running the model', async () => {
  const canvas = (await page.locator('.circuit-window canvas')).first();
  await canvas.focus();
  // Backwards from the least influential: an output.
  await canvas.press('p');
  await page.waitForText('Made up of');
  await (await page.locator('.circuit-edges .text-button')).filter({ hasText: 'Check' }).first().click();
  await page.waitForText('Total: nothing held');
  await (await page.locator('.circuit-node summary')).filter({ hasText: 'Through which heads' }).first().click();
  await page.waitForText('The token’s own embedding');
  await (await page.locator('.circuit-node summary')).filter({ hasText: 'By weights alone' }).first().click();
  await page.waitForText('Through the heads that can feed it most');
  await code.screenshot('circuit node dark');
  await code.setTheme('Default Light Modern');
  await code.screenshot('circuit node light');
  expect(code.webviewErrors).toEqual([]);
});

it('nodes are grouped and saved as a graph, and all of it comes back when the tab is shown again', async () => {
  const canvas = (await page.locator('.circuit-window canvas')).first();
  await canvas.focus();
  await canvas.press('Escape');
  for (let node = 0; node < 3; node++) {
    await canvas.press('n');
    await canvas.press(' ');
  }
  await page.waitForText('3 nodes are chosen.');
  await (await page.locator('.circuit-chosen vscode-text-field input')).fill('what counts');
  await page.press('Group');
  await page.waitForText(/what counts\s+3 nodes/);
  await (await page.locator('.circuit-list .text-button')).filter({ hasText: 'what counts' }).first().click();
  await page.waitForText('Its nodes, with their influence');
  await page.press('Save as Graph…');
  const target = join(workspace, 'circuit.json');
  await answerPath(code, target);
  await until(
    'the graph to be written',
    async () => existsSync(target) && readFileSync(target, 'utf8').endsWith('}\n'),
  );
  const { metadata, qParams, nodes, links } = JSON.parse(readFileSync(target, 'utf8')) as {
    metadata: { scan: string; prompt: string; prompt_tokens: string[] };
    qParams: { supernodes: string[][] };
    nodes: { node_id: string }[];
    links: unknown[];
  };
  expect(metadata).toMatchObject({ scan: 'grammar-gpt', prompt: 'Tom has four black' });
  expect(qParams.supernodes).toEqual([['what counts', expect.any(String), expect.any(String), expect.any(String)]]);
  expect(nodes.length).toBeGreaterThan(metadata.prompt_tokens.length);
  expect(links.length).toBeGreaterThan(10);

  await code.openFile('grammar-gpt/grammar-gpt.inspect.json');
  await code.openFile('grammar-gpt/grammar-gpt.onnx');
  await page.waitForText(/what counts\s+3 nodes/);
  await page.waitForText('Its nodes, with their influence');
  await page.scrollTo('.circuit-tokens');
  await code.screenshot('circuit grouped light');
  expect(code.webviewErrors).toEqual([]);
});
