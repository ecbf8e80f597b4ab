import type { Locator } from 'playwright-core';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';

/** The page of one model, as a person uses it. VS Code makes its frame anew whenever it is shown, so each step asks. */
export class ModelPage {
  constructor(private readonly code: VsCode) {}

  async locator(selector: string): Promise<Locator> {
    return (await this.code.webviewFrame()).locator(selector);
  }

  async text(): Promise<string> {
    return (await (await this.locator('#model-inspector')).innerText()).replaceAll(/[\u00a0\u202f]/g, ' ');
  }

  /** Waits until the page shows a text, and gives back everything that it shows. */
  async waitForText(text: string | RegExp): Promise<string> {
    let shown = '';
    await until(`the page to show “${text}”`, async () => {
      shown = await this.text();
      return typeof text === 'string' ? shown.includes(text) : text.test(shown);
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\nThe page shows: ${shown}`);
    });
    return shown;
  }

  /** Presses the first button that shows these words, once it can be pressed. */
  async press(words: string): Promise<void> {
    await (await this.locator('vscode-button:not([disabled])')).filter({ hasText: words }).first().click();
  }

  async scrollTo(selector: string): Promise<void> {
    await (await this.locator(selector)).first().evaluate((element) => element.scrollIntoView({ block: 'start' }));
  }

  /** Runs every pass with the page's own button and waits for the end. */
  async run(): Promise<void> {
    await this.startRun();
    await this.waitForResult();
  }

  async startRun(): Promise<void> {
    await (await this.locator('header.header vscode-button')).first().click();
  }

  /** Cancels what runs, if anything does, and waits for its end. */
  async cancelRun(): Promise<void> {
    await until('the run to end', async () => {
      const cancel = (await this.locator('header.header vscode-button')).filter({ hasText: 'Cancel' });
      if ((await cancel.count()) > 0) await cancel.first().click({ timeout: 1_000 });
      return (await (await this.locator('header.header .running')).count()) === 0;
    });
  }

  async waitForFirstInputs(): Promise<void> {
    await until('some inputs to be seen', async () => {
      const bar = await (await this.locator('[role=progressbar]')).getAttribute('aria-label', { timeout: 1_000 });
      return /^Running: [1-9]/.test(bar ?? '');
    });
  }

  async waitForResult(): Promise<void> {
    await until(
      'the run to end',
      async () => {
        const tab = await this.locator('[data-tab=heatmap]');
        const running = await (await this.locator('.running')).count();
        return (await tab.getAttribute('aria-disabled')) !== 'true' && running === 0;
      },
      { timeoutMs: 120_000 },
    );
  }

  async openTab(
    name: 'overview' | 'weights' | 'heatmap' | 'linear' | 'features' | 'circuits' | 'passes',
  ): Promise<void> {
    await (await this.locator(`[data-tab=${name}]`)).click();
    await (await this.locator(`[data-tab=${name}][aria-selected=true]`)).waitFor();
  }

  /** Clicks the heatmap at a share of its width and height, and gives back the title of the unit's page. */
  async clickHeatmap(across: number, down: number): Promise<string> {
    const canvas = (await this.locator('.heatmap-view canvas')).first();
    await canvas.waitFor();
    const box = await canvas.boundingBox();
    if (box === null) throw new Error('The heatmap is not shown.');
    await canvas.click({ position: { x: box.width * across, y: box.height * down } });
    return this.unitTitle();
  }

  async unitTitle(): Promise<string> {
    const page = (await this.locator('article.unit-page')).first();
    await page.waitFor();
    return (await page.getAttribute('aria-label')) ?? '';
  }

  /** Waits until the unit's page has drawn at least so many examples: pictures or texts. */
  async waitForExamples(number: number): Promise<void> {
    await until(`${number} examples of the unit`, async () => {
      const drawn = await this.locator('.unit-page .example-picture > :not(.spinner)');
      return (await drawn.count()) >= number;
    });
  }
}

/** Answers a dialog that asks for a file or folder. It fills in its own suggestion late and over what was typed. */
export async function answerPath(code: VsCode, path: string): Promise<void> {
  const input = code.page.locator('.quick-input-widget .quick-input-box input');
  await input.waitFor();
  await until(`the dialog to take ${path}`, async () => {
    if (!(await input.isVisible())) return true;
    if ((await input.inputValue()) !== path) await input.fill(path);
    else await input.press('Enter');
    await code.page.waitForTimeout(300);
    return !(await input.isVisible());
  });
}
