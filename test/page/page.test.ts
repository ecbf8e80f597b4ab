import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/errors.js';
import { countCalls, item, lastCall } from './asked.js';
import { startBrowser, type PageBrowser } from './browser.js';
import type { ThemeName } from './fake/themes.js';

let browser: PageBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

describe('the front page', () => {
  it('says what to do before the first run, and starts it', async () => {
    const page = await browser.open({ scenario: 'fresh' });
    const welcome = page.getByRole('region', { name: 'What does this model do on your data?' });
    await expect.poll(() => welcome.innerText()).toContain('Which units never fire');
    // What the inputs are is looked at before a run.
    const [inputs, below] = [page.getByRole('region', { name: 'Inputs', exact: true }), welcome];
    expect((await inputs.boundingBox())?.y).toBeLessThan((await below.boundingBox())?.y ?? 0);
    await welcome.getByText('Run', { exact: true }).click();
    await expect.poll(() => countCalls(page, 'run')).toBe(1);
    expect(await lastCall(page, 'run')).toEqual({});
    await page.close();
  });

  it('never scrolls as a whole, not even for a script', async () => {
    const page = await browser.open();
    await expect.poll(() => page.getByRole('heading', { level: 1 }).innerText()).toBe('shapes.onnx');
    await page.locator('.finding-main').last().waitFor();
    const beyond = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
    expect(beyond).toBe(0);
    await page.close();
  });

  it('says what the model is', async () => {
    const page = await browser.open();
    await expect.poll(() => page.getByRole('heading', { level: 1 }).innerText()).toBe('shapes.onnx');
    const facts = await page.getByRole('region', { name: 'Model', exact: true }).innerText();
    for (const fact of ['1 × 3 × 64 × 64', 'float32', 'logits', 'Conv', 'pytorch 2.13.0', '17', '1.1 MB']) {
      expect(facts.replaceAll('\u00a0', ' ')).toContain(fact);
    }
    await page.close();
  });

  it('says that the file is a dictionary, of which kind, and how that is known', async () => {
    const page = await browser.open({ scenario: 'dictionary' });
    const card = page.getByRole('region', { name: 'Transcoder' });
    await expect.poll(() => card.count()).toBe(1);
    const text = (await card.innerText()).replaceAll(/[\u00a0\u202f\u2009]/g, ' ');
    expect(text).toMatch(/A dictionary of 24.576 features for activations 768 wide, written back 1.024 wide\./);
    for (const fact of ['SAELens', 'W_enc', 'Encoder bias', '“cfg.json” beside it says architecture: transcoder.'])
      expect(text).toContain(fact);
    await page.close();
  });

  it('asks what a dictionary’s file leaves open, and then says what it computes and why', async () => {
    const page = await browser.open({ scenario: 'dictionary' });
    const form = page.getByRole('form', { name: 'What the file does not say' });
    await expect.poll(() => form.count()).toBe(1);
    const use = form.getByText('Use These Answers');
    const field = form.getByRole('textbox');
    await field.fill('1.5');
    await expect.poll(() => form.locator('vscode-text-field').getAttribute('aria-invalid')).toBe('true');
    await field.fill('32');
    await use.click();
    const card = page.getByRole('region', { name: 'Transcoder' });
    await expect.poll(() => card.innerText()).toContain('f = the 32 largest of ReLU(h), else 0');
    expect(await form.count()).toBe(0);
    expect(await lastCall(page, 'coder')).toEqual({ answers: { k: 32 } });
    await card.getByText('Every switch').click();
    await expect.poll(() => card.innerText()).toContain('You said so.');
    await card.getByText('Answer Again').click();
    await expect.poll(() => form.count()).toBe(1);
    await page.close();
  });

  it('lists findings worst first, and a click on one selects its place everywhere', async () => {
    const page = await browser.open();
    const findings = page.locator('.finding-main');
    await expect.poll(() => findings.count()).toBeGreaterThan(3);
    expect(await findings.first().innerText()).toContain(
      'head.relu: 34 of 96 neurons never fired on 200 inputs (35 %).',
    );
    await findings.first().click();
    await expect.poll(() => lastCall(page, 'select')).toEqual({ layer: 'head.relu_output' });
    await expect.poll(() => item(page, 'head').getAttribute('aria-pressed')).toBe('true');
    await expect.poll(() => page.getByRole('article', { name: 'Layer head.relu' }).count()).toBe(1);
    await page.close();
  });

  it('shows progress with the time left, cancels, and says on how many inputs the rest stands', async () => {
    const page = await browser.open({ scenario: 'running' });
    const bar = page.getByRole('progressbar');
    await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('32');
    await page.evaluate(() =>
      window.fake.page.runProgress({ unit: 'inputs', done: 100, planned: 200, secondsLeft: 9, phase: 'Running' }),
    );
    await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('50');
    expect(await page.locator('.run').innerText()).toContain('100 of 200 inputs, 9\u00a0s left');
    await page.getByText('Cancel', { exact: true }).click();
    await expect.poll(() => countCalls(page, 'cancelRun')).toBe(1);
    await expect.poll(() => page.locator('.status').innerText()).toContain('rests on 64 of 200 inputs (cancelled)');
    await page.close();
  });

  it('marks numbers made from random inputs and results of earlier inputs', async () => {
    const page = await browser.open({ scenario: 'synthetic' });
    await expect.poll(() => page.locator('.status').innerText()).toContain('SYNTHETIC');
    expect(await page.getByRole('region', { name: 'Inputs' }).innerText()).toContain('SYNTHETIC');
    await page.evaluate(() =>
      window.fake.page.inputsChanged({
        recipe: { version: 1, inputs: {}, limit: 10 },
        origin: 'chosen',
        lines: [{ input: 'image', text: 'image: 10 images from photos/', synthetic: false }],
        notes: [],
        size: 10,
        synthetic: false,
      }),
    );
    await expect.poll(() => page.locator('.status').innerText()).toContain('made with earlier inputs');
    expect(await page.getByRole('region', { name: 'Inputs' }).innerText()).toContain('10 images from photos/');
    await page.close();
  });

  it('asks the host to choose inputs', async () => {
    const page = await browser.open();
    await page.getByText('Choose Inputs…').click();
    await expect.poll(() => lastCall(page, 'command')).toEqual({ command: 'modelInspector.chooseInputs' });
    await page.close();
  });
});

describe('problems', () => {
  it('shows what happened, where and what to do when a file cannot be opened', async () => {
    const page = await browser.open({ scenario: 'failed' });
    await expectProblem(
      page,
      'The file ends in the middle of a tensor.',
      'byte 12,288',
      'Download or export the file again',
    );
    await page.getByText('Try again').click();
    await expect.poll(() => page.locator('.graph-item').count()).toBeGreaterThan(3);
    await page.close();
  });

  it('shows the structure of a model that cannot run, with every reason', async () => {
    const page = await browser.open({ scenario: 'cannot-run' });
    await expectProblem(page, 'com.example.FancyNorm', 'node 14', 'Export the model with opset 17');
    await expectProblem(page, 'weights.bin is missing', 'layer3.0.conv1.weight', 'Put weights.bin beside the model');
    await expect.poll(() => page.locator('.graph-item').count()).toBeGreaterThan(3);
    expect(await page.locator('.run').count()).toBe(0);
    await page.close();
  });

  it('shows why inputs cannot be used', async () => {
    const page = await browser.open({ scenario: 'bad-inputs' });
    await expectProblem(page, 'The pictures have 1 channel', 'circle_000.png', 'Set "channels"');
    await page.close();
  });

  it('says of one input without labels what cannot be told, beside the inputs and beside every share', async () => {
    const page = await browser.open({ scenario: 'one-input' });
    const inputs = page.getByRole('region', { name: 'Inputs' });
    await expect.poll(() => inputs.innerText()).toContain('There is one input only: every share rests on it alone');
    expect(await inputs.innerText()).toContain('Name “labels” in the recipe');
    expect(await page.locator('.status').innerText()).toContain('on 1 input only');
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Dead, dormant/ }).click();
    await expect.poll(() => page.locator('.pass').innerText()).toContain('This rests on one input only.');
    await page.close();
  });

  it('keeps the page alive when a run fails and when the worker dies', async () => {
    const page = await browser.open({ scenario: 'run-fails' });
    await page.locator('.header').getByText('Run').click();
    await expectProblem(page, 'The engine refused the model.', 'layer2.0.add', 'Choose the other engine');
    const lost: Problem = {
      kind: 'out-of-memory',
      message: 'The worker ran out of memory.',
      remedy: 'Run on fewer inputs at a time.',
    };
    await page.evaluate((problem) => window.fake.page.workerLost(problem), lost);
    await expectProblem(page, 'The worker ran out of memory.', 'Run on fewer inputs');
    await page.getByText('Reload', { exact: true }).click();
    await expect.poll(() => countCalls(page, 'reload')).toBe(1);
    await expect.poll(() => page.getByText('ran out of memory').count()).toBe(0);
    await page.close();
  });

  it('offers to reload a file that changed, and says so when it was deleted', async () => {
    const page = await browser.open();
    await page.evaluate(() => window.fake.page.fileChanged({ deleted: false }));
    await expectProblem(page, 'The file changed on disk.', 'Reload to see the new one');
    await page.evaluate(() => window.fake.page.fileChanged({ deleted: true }));
    await expectProblem(page, 'The file was deleted or moved.');
    await page.close();
  });
});

describe('the graph', () => {
  it('opens a module with its chevron and colours boxes by the chosen metric', async () => {
    const page = await browser.open();
    await expect.poll(() => item(page, 'layer4').getAttribute('aria-label')).toContain('Dead share 26.6\u00a0%');
    const fill = await item(page, 'layer4').locator('.graph-box').getAttribute('fill');
    await page.getByRole('combobox', { name: 'Colour by' }).click();
    await page.getByRole('option', { name: 'Zero share' }).click();
    await expect.poll(() => item(page, 'layer4').getAttribute('aria-label')).toContain('Zero share');
    expect(await item(page, 'layer4').locator('.graph-box').getAttribute('fill')).not.toBe(fill);
    await item(page, 'layer4').locator('[data-toggle]').click();
    await expect.poll(() => item(page, 'layer4/0').count()).toBe(1);
    expect(await lastCall(page, 'graph')).toEqual({ expanded: ['layer4'], scope: '' });
    await page.close();
  });

  it('offers numbers under the titles of their passes, over which the arrow keys go', async () => {
    const page = await browser.open();
    await item(page, 'layer4').waitFor();
    const choice = page.getByRole('combobox', { name: 'Colour by' });
    await choice.click();
    const titles = choice.locator('vscode-option.choice-group');
    await expect
      .poll(() => titles.allInnerTexts())
      .toEqual([
        'Dead, dormant and always-on units',
        'Zero sparsity',
        'Activation statistics',
        'Silent sites of pictures',
        'The file',
      ]);
    // Two more numbers of the first pass, then the first of the second.
    for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => item(page, 'layer4').getAttribute('aria-label')).toContain('Zero share');
    await page.close();
  });

  it('is walked with the arrow keys along its edges', async () => {
    const page = await browser.open();
    await item(page, 'stem').click();
    await expect.poll(() => lastCall(page, 'select')).toEqual({ item: 'stem', layer: 'stem.relu_output' });
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => lastCall(page, 'select')).toEqual({ item: 'layer1' });
    await page.keyboard.press('Enter');
    await expect.poll(() => item(page, 'layer1').getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Escape');
    await expect.poll(() => lastCall(page, 'select')).toEqual({});
    await page.close();
  });

  it('zooms under the wheel, fits with 0, and stays where it was after a reload', async () => {
    const page = await browser.open();
    const scene = page.locator('.graph-svg > g');
    await item(page, 'layer2').hover();
    const before = await scene.getAttribute('transform');
    await page.mouse.wheel(0, -400);
    await expect.poll(() => scene.getAttribute('transform')).not.toBe(before);
    const zoomed = await scene.getAttribute('transform');
    await page.waitForTimeout(400);
    await page.reload();
    await expect.poll(() => scene.getAttribute('transform')).toBe(zoomed);
    await item(page, 'layer2').focus();
    await page.keyboard.press('0');
    await expect.poll(() => scene.getAttribute('transform')).not.toBe(zoomed);
    await page.close();
  });

  it('leaves as SVG with its colours written in', async () => {
    const page = await browser.open();
    await page.getByTitle('Save the graph as SVG').click();
    await expect.poll(() => countCalls(page, 'save')).toBe(1);
    const { name, text } = await page.evaluate(() => {
      const { suggestedName, bytes } = window.fake.calls.findLast(({ method }) => method === 'save')?.argument as {
        suggestedName: string;
        bytes: Uint8Array;
      };
      return { name: suggestedName, text: new TextDecoder().decode(bytes) };
    });
    expect(name).toBe('shapes.onnx-graph.svg');
    expect(text).toContain('layer4');
    expect(text).toMatch(/fill="rgb\(\d+, \d+, \d+\)"/);
    await page.close();
  });
});

describe('a unit', () => {
  it('is shown with its numbers, its histogram and the inputs that excite it, and its neighbours are a key away', async () => {
    const page = await browser.open();
    await page.evaluate(() => window.fake.page.selectionChanged({ layer: 'layer2.0.1.relu_output', unit: 14 }));
    const unit = page.getByRole('article', { name: 'layer2.0.1.relu, channel 14' });
    await expect.poll(() => unit.getByRole('img', { name: /\.png$/ }).count()).toBe(9);
    expect(await unit.innerText()).toContain('3,200 of 80,000 values, taken on a regular grid.');
    expect(await unit.getByRole('table', { name: /Statistics/ }).innerText()).toContain('Zero share');
    await unit.getByRole('button', { name: /Next channel/ }).click();
    await expect.poll(() => lastCall(page, 'select')).toEqual({ layer: 'layer2.0.1.relu_output', unit: 15 });
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => lastCall(page, 'select')).toEqual({ layer: 'layer2.0.1.relu_output', unit: 14 });
    await page.close();
  });

  it('marks the tokens that excite it', async () => {
    const page = await browser.open({ model: 'text' });
    await page.evaluate(() => window.fake.page.selectionChanged({ layer: 'h.1.mlp.act_output', unit: 7 }));
    await expect.poll(() => page.locator('.token[title^="␣then"]').count()).toBeGreaterThan(0);
    const [liked, other] = await page.evaluate(() =>
      ['␣then', '␣tree'].map((word) => {
        const token = document.querySelector<HTMLElement>(`.token[title^="${word}"]`);
        return token?.title.split('  ')[1];
      }),
    );
    expect(Number(liked)).toBeGreaterThan(Number(other));
    await page.close();
  });
});

describe('the views of passes', () => {
  it('open with the question and the answer, and sort their table', async () => {
    const page = await browser.open();
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Dead, dormant/ }).click();
    const view = page.locator('.pass');
    await expect.poll(() => view.innerText()).toContain('Which units never fire');
    expect(await view.innerText()).toContain('units never fired on 200 inputs');
    const table = page.getByRole('table', { name: /by layer/ });
    await table.getByRole('button', { name: 'Dead share', exact: true }).click();
    await expect.poll(() => table.locator('tbody tr').first().innerText()).toContain('head.relu');
    await page.close();
  });

  it('show the units as a picture, under which the page still scrolls, and which opens in the heatmap', async () => {
    const page = await browser.open();
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Activation statistics/ }).click();
    const picture = page.getByRole('application', { name: /^Mean \|activation\|, unit by unit/ });
    await picture.scrollIntoViewIfNeeded();
    await picture.hover();
    const scrolled = (): Promise<number> => page.locator('.pass').evaluate((element) => element.scrollTop);
    const before = await scrolled();
    await page.mouse.wheel(0, 120);
    await expect.poll(scrolled).toBeGreaterThan(before);
    // Once it was clicked, a unit is selected and the wheel zooms.
    await picture.click({ position: { x: 300, y: 60 } });
    await page.locator('article.unit-page').waitFor();
    const settled = await scrolled();
    await page.mouse.wheel(0, 120);
    await page.waitForTimeout(100);
    expect(await scrolled()).toBe(settled);
    await page.getByRole('button', { name: 'Open in Heatmap' }).click();
    await expect.poll(() => page.locator('[data-tab=heatmap]').getAttribute('aria-selected')).toBe('true');
    await page.close();
  });

  it('show where layers and channels are silent, the most uneven layer first', async () => {
    const page = await browser.open();
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Silent sites/ }).click();
    const maps = page.getByRole('region', { name: 'Maps of silence' });
    const titles = async (): Promise<string[]> => maps.locator('.frame-title').allInnerTexts();
    await expect.poll(titles).toHaveLength(2);
    const [layer = '', channel = ''] = await titles();
    expect(channel).toBe(layer.replace(' is silent', ' channel 0 is silent'));
    await maps.getByRole('spinbutton').fill('3');
    await expect.poll(async () => (await titles())[1]).toContain('channel 3');
    // Another layer, the last, has no maps of its channels.
    await maps.locator('vscode-dropdown').click();
    await maps.locator('vscode-option').last().click();
    await expect.poll(() => maps.innerText()).toContain('too large to keep a map of every channel');
    await expect.poll(titles).toHaveLength(1);
    // Layers that are no pictures have no rows.
    const rows = await page.getByRole('table', { name: /by layer/ }).innerText();
    expect(rows).toContain('stem.relu');
    expect(rows).not.toContain('head.relu');
    await page.close();
  });

  it('break the long names of columns before a table is wider than the page', async () => {
    const page = await browser.open();
    await page.setViewportSize({ width: 700, height: 700 });
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Dead, dormant/ }).click();
    const scroller = page.locator('.pass .table-scroll').last();
    await scroller.waitFor();
    expect(await scroller.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    expect(
      await page
        .locator('.pass .table th')
        .first()
        .evaluate((cell) => getComputedStyle(cell).whiteSpace),
    ).toBe('normal');
    await page.close();
  });

  it('say why a pass does not apply', async () => {
    const page = await browser.open();
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Attention patterns/ }).click();
    await expect.poll(() => page.locator('.pass').innerText()).toContain('This model has no attention');
    await page.close();
  });

  it('say what removing units would save, inside which box that is proven, and what is tried before', async () => {
    const page = await browser.open();
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Dead, dormant/ }).click();
    const part = page.getByRole('region', { name: 'What removing them would save' });
    await expect.poll(() => part.innerText()).toContain('4 KB of 40 KB of weights');
    const text = await part.innerText();
    expect(text).toContain('proven dead inside this box of inputs only: “image” from -2 to 2');
    expect(text).toContain('run on 16 random inputs drawn inside the box and on the inputs of the model');
    expect(text).toContain('1 stays: it is an output of the model');
    expect(await part.getByText('Prune Dead Units…').count()).toBe(1);
    await page.close();
  });

  it('keep what was proven of the smaller model that was written, with ways to open and copy it', async () => {
    const page = await browser.open();
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Dead, dormant/ }).click();
    const written = page.getByRole('region', { name: 'The smaller copy that was written' });
    expect(await written.count()).toBe(0);
    await page.getByText('Prune Dead Units…').click();
    await expect.poll(() => written.count()).toBe(1);
    const text = (await written.innerText()).replaceAll(/[\u00a0\u202f]/g, ' ');
    expect(text).toContain('/models/shapes.pruned.onnx');
    expect(text).toContain('3 units removed: 1.1 MB before, 990 KB after.');
    expect(text).toContain('Outside it nothing is proven.');
    expect(text).toContain('On 200 images outputs changed by at most 6.0e-8.');
    await written.getByText('Copy', { exact: true }).click();
    await expect
      .poll(async () => ((await lastCall(page, 'copyText')) as { text: string }).text)
      .toContain('On 16 random inputs drawn inside the box');
    await written.getByText('Open', { exact: true }).click();
    await expect.poll(() => countCalls(page, 'openPruned')).toBe(1);
    // Another pass, and back: it stays.
    await page.getByRole('button', { name: /Zero sparsity/ }).click();
    await page.getByRole('button', { name: /Dead, dormant/ }).click();
    await expect.poll(() => written.count()).toBe(1);
    await page.close();
  });

  it('show every chart as a table too, and export what is shown', async () => {
    const page = await browser.open({ model: 'text' });
    await page.getByRole('tab', { name: 'Passes' }).click();
    await page.getByRole('button', { name: /Zero sparsity/ }).click();
    await page.getByRole('button', { name: 'Show as table' }).first().click();
    await expect.poll(() => page.getByRole('table', { name: 'Aggregated sparsity' }).count()).toBe(1);
    await page.evaluate(() => window.fake.page.exportShown({}));
    await expect.poll(() => countCalls(page, 'save')).toBe(1);
    expect(await lastCall(page, 'save')).toMatchObject({ suggestedName: 'Aggregated-sparsity.csv' });
    await page.getByRole('button', { name: 'Copy the table' }).click();
    await expect
      .poll(async () => ((await lastCall(page, 'copyText')) as { text: string }).text)
      .toContain('layer\toperator');
    await page.close();
  });
});

describe('what a person arranged', () => {
  it('survives a restart: tab, open modules, metric and selection', async () => {
    const page = await browser.open();
    await item(page, 'layer3').locator('[data-toggle]').click();
    await expect.poll(() => item(page, 'layer3/1').count()).toBe(1);
    await item(page, 'layer3/1').click();
    await page.waitForTimeout(400);
    await page.reload();
    await expect.poll(() => item(page, 'layer3/1').getAttribute('aria-pressed')).toBe('true');
    expect(await lastCall(page, 'select')).toEqual({ item: 'layer3/1' });
    await page.close();
  });

  it('is asked for again when a hidden page is shown', async () => {
    const page = await browser.open();
    await expect.poll(() => countCalls(page, 'ready')).toBe(1);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await expect.poll(() => countCalls(page, 'ready')).toBe(2);
    await page.close();
  });
});

describe('safety and access', () => {
  it('shows markup in names as text', async () => {
    const page = await browser.open({ model: 'hostile' });
    await expect.poll(() => page.getByRole('heading', { level: 1 }).innerText()).toContain('<img src=x onerror=');
    for (const tab of ['Heatmap', 'Passes', 'Overview']) {
      await page.getByRole('tab', { name: tab }).click();
      await page.waitForTimeout(200);
    }
    await page.evaluate(() =>
      window.fake.page.selectionChanged({ layer: window.fake.network.layers[0]?.value, unit: 1 }),
    );
    await expect.poll(() => page.locator('.tokens').count()).toBeGreaterThan(0);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(await page.locator('#model-inspector :is(img, script, b)').count()).toBe(0);
    await page.close();
  });

  it.each<ThemeName>(['dark', 'light', 'hc-dark', 'hc-light'])(
    'obeys its content security policy in the theme %s',
    async (theme) => {
      const page = await browser.open({ theme });
      for (const tab of ['Heatmap', 'Passes', 'Overview']) await page.getByRole('tab', { name: tab }).click();
      await page.evaluate(() => window.fake.page.selectionChanged({ layer: 'stem.relu_output', unit: 3 }));
      await expect.poll(() => page.locator('.example').count()).toBeGreaterThan(0);
      expect(await page.evaluate(() => window.fake.violations)).toEqual([]);
      await page.close();
    },
  );

  it('takes the colours of a new theme at once', async () => {
    const page = await browser.open({ theme: 'dark' });
    const box = item(page, 'stem').locator('.graph-box');
    await expect.poll(() => box.count()).toBe(1);
    const dark = await box.getAttribute('fill');
    await page.evaluate(() => window.fake.applyTheme('light'));
    await expect.poll(() => box.getAttribute('fill')).not.toBe(dark);
    await page.close();
  });

  it('fits a window 600 pixels wide', async () => {
    const page = await browser.open({ width: 600 });
    await expect.poll(() => page.locator('.graph-item').count()).toBeGreaterThan(3);
    for (const tab of ['Heatmap', 'Passes', 'Overview']) {
      await page.getByRole('tab', { name: tab }).click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(600);
    }
    await page.close();
  });
});

async function expectProblem(page: Page, ...texts: readonly string[]): Promise<void> {
  const box = page.getByRole('alert').filter({ hasText: texts[0] });
  await expect.poll(() => box.count()).toBe(1);
  const shown = await box.innerText();
  for (const text of texts) expect(shown).toContain(text);
}
