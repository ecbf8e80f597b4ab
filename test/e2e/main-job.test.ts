/** The main job on the sample classifier, in the real VS Code: right-click, read, run, look, close, come back. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import { answerPath, ModelPage } from './model-page.js';
import { type OpenVsCode, useVsCode } from './use-vscode.js';

let opened: OpenVsCode;
let code: VsCode;
let page: ModelPage;

useVsCode({ workspace: join(repository, 'media/samples'), copy: true }, (all) => {
  opened = all;
  ({ code, page } = all);
});

describe('a person who right-clicks a model', () => {
  it('finds “Inspect Model” in the Explorer’s menu and gets the front page', async () => {
    await code.openExplorerContextMenu('shapes/shapes-resnet.onnx');
    expect(await code.explorer.menuLabels()).toContain('Inspect Model');
    await code.clickMenu('Inspect Model');
    const shown = await page.waitForText(/Opset\s+17/);
    for (const fact of ['image', 'batch × 3 × 48 × 48', 'float32', 'logits', 'BatchNormalization', 'pytorch']) {
      expect(shown).toContain(fact);
    }
    expect(shown).toContain('200 images from images/, stretched to 48 × 48, rgb');
  });

  it('sees the graph collapsed by module, and opens a module with the keyboard', async () => {
    const block = (await page.locator('[data-id="layer1/block0"]')).first();
    await block.waitFor();
    expect(await block.getAttribute('aria-expanded')).toBe('false');
    await block.click();
    await block.press('Enter');
    await (await page.locator('[data-id="layer1/block0"][aria-expanded=true]')).waitFor();
    await (await page.locator('[data-id="layer1/block0"]')).press('Enter');
    await (await page.locator('[data-id="layer1/block0"][aria-expanded=false]')).waitFor();
  });

  it('runs all passes on the pictures and reads the answers', async () => {
    await page.run();
    await page.openTab('passes');
    const shown = await page.waitForText(/on 200 images/);
    expect(shown).toMatch(
      /Each of the 400 units fired at least once on 200 images|of 400 units .* never fired on 200 images/,
    );
  });

  it('sees every unit in the heatmap, and a unit’s page with the pictures that excite it', async () => {
    await page.openTab('heatmap');
    const title = await page.clickHeatmap(0.4, 0.5);
    expect(title).toMatch(/^layer\d\.block\d\.relu\d, channel \d+$/);
    await page.waitForExamples(9);
    await page.waitForText('Standard deviation');
  });

  it('sees where in the picture the channel and its layer are silent', async () => {
    await (await page.locator('.silence-map canvas')).first().scrollIntoViewIfNeeded();
    expect(await page.text()).toMatch(/Where layer\d\.block\d\.relu\d channel \d+ is silent/);
    await code.screenshot('channel silence');
    await (await page.locator('.silence-map canvas')).first().hover();
    await page.waitForText(/row \d+, column \d+/);
  });

  it('finds the same layer selected in VS Code’s tree of the model', async () => {
    const layer = (await page.unitTitle()).split(',')[0] ?? '';
    const leaf = layer.split('.').at(-1) ?? '';
    const row = code.page.locator('.pane-body .monaco-list-row.selected', { hasText: leaf });
    await row.first().waitFor();
  });

  it('selects in the tree and finds it selected on the page', async () => {
    const row = code.page.locator('.pane-body .monaco-list-row:not(.selected)', { hasText: 'block0' }).first();
    await row.click();
    await page.openTab('overview');
    const selected = (await page.locator('.graph-item.selected')).first();
    await selected.waitFor();
    expect(await selected.getAttribute('data-id')).toMatch(/block0$/);
  });

  it('chooses the value that colours the graph, and sees its legend', async () => {
    const legend = (await page.locator('.graph-panel .legend')).first();
    for (const value of ['Zero share', 'Mean |activation|', 'Parameters']) {
      await (await page.locator('.graph-panel vscode-dropdown')).first().click();
      await (await page.locator('.graph-panel vscode-option')).getByText(value, { exact: true }).first().click();
      await until(`the legend of ${value}`, async () => (await legend.getAttribute('aria-label'))?.includes(value));
    }
  });

  it('zooms the graph with the keyboard and brings it all back into view', async () => {
    const box = (await page.locator('.graph-item')).first();
    const width = async (): Promise<number> => (await box.boundingBox())?.width ?? 0;
    await box.focus();
    await box.press('0');
    const fitted = await until('the graph to fit', width);
    await box.press('+');
    await until('the graph to be larger', async () => (await width()) > fitted * 1.1);
    await box.press('0');
    await until('the graph to fit again', async () => Math.abs((await width()) - fitted) < 1);
  });
});

describe('what was found', () => {
  it('is there at once when the file is opened again', async () => {
    await code.closeTab('shapes-resnet.onnx');
    await code.openFile('shapes/shapes-resnet.onnx');
    await page.waitForText('on 200 inputs');
    expect(await (await page.locator('[data-tab=heatmap]')).getAttribute('aria-disabled')).not.toBe('true');
  });

  it('survives moving the tab to another group and hiding it', async () => {
    await page.openTab('heatmap');
    const title = await page.clickHeatmap(0.3, 0.3);
    await code.moveEditorToNextGroup();
    expect(await page.unitTitle()).toBe(title);
    await code.openFile('shapes/classes.txt');
    await code.selectTab('shapes-resnet.onnx');
    expect(await page.unitTitle()).toBe(title);
    await page.waitForText('on 200 inputs');
  });

  it('survives a restart of VS Code', async () => {
    const title = await page.unitTitle();
    await code.close();
    await opened.server.stop();
    await opened.server.start();
    code = await opened.browser.openVsCode(opened.server);
    page = new ModelPage(code);
    Object.assign(opened, { code, page });
    await code.selectTab('shapes-resnet.onnx');
    await page.waitForText('on 200 inputs');
    expect(await page.unitTitle()).toBe(title);
  });
});

describe('the command palette', () => {
  it('“Run Pass…” says what each pass answers', async () => {
    await code.runCommand('Model Inspector: Run Pass…');
    await until('the list of passes', async () => (await code.quickInput.labels()).includes('Zero sparsity'));
    const shown = await code.page.locator('.quick-input-widget').innerText();
    expect(shown).toContain('Which units never fire, hardly ever fire, or always fire on these inputs?');
    await code.page.keyboard.press('Escape');
  });

  it('“Save Report…” writes one HTML page that loads nothing, and the numbers as JSON', async () => {
    await code.runCommand('Model Inspector: Save Report…');
    const target = join(opened.server.workspace, 'shapes', 'answer.html');
    await answerPath(code, target);
    await until('the report', async () => existsSync(target) && existsSync(target.replace('.html', '.json')));
    const html = readFileSync(target, 'utf8');
    expect(html).toContain('Each of the 400 units');
    expect(html).toContain('data:image/png;base64,');
    expect(html).not.toMatch(/(src|href)="(?!data:|#)/);
    const numbers = JSON.parse(readFileSync(target.replace('.html', '.json'), 'utf8')) as {
      run: { inputsSeen: number };
    };
    expect(numbers.run.inputsSeen).toBe(200);
    await code.notifications.read('Saved');
  });

  it('“Show Log” shows what happened', async () => {
    await code.runCommand('Model Inspector: Show Log');
    await code.page.locator('.panel .view-lines', { hasText: 'opened in' }).waitFor();
    await code.runCommand('View: Toggle Panel Visibility');
  });

  it('“Export Table or Picture…” saves what the page shows', async () => {
    await code.selectTab('shapes-resnet.onnx');
    await page.openTab('passes');
    await code.runCommand('Model Inspector: Export Table or Picture…');
    const target = join(opened.server.workspace, 'exported.png');
    await answerPath(code, target);
    await until('the export', async () => existsSync(target));
    expect(readFileSync(target).length).toBeGreaterThan(100);
  });
});

describe('a language model', () => {
  it('shows the texts that excite a neuron, token by token', async () => {
    await code.openFile('grammar-gpt/grammar-gpt.onnx');
    await page.waitForText('200 token sequences from corpus.npy');
    await page.run();
    await page.openTab('heatmap');
    expect(await page.clickHeatmap(0.5, 0.06)).toMatch(/gelu, neuron \d+$/);
    await page.waitForExamples(3);
  });
});

it('nothing on the way was an error in a page of ours', () => {
  expect(code.webviewErrors).toEqual([]);
});
