import type { Locator, Page } from 'playwright-core';
import { until } from './until.js';

const retryKeyMs = 1_000;

/** VS Code's one input at the top of the window: command palette, file search, pick lists, text questions. */
export class QuickInput {
  private readonly widget: Locator;
  private readonly input: Locator;

  constructor(private readonly page: Page) {
    this.widget = page.locator('.quick-input-widget');
    this.input = this.widget.locator('.quick-input-box input');
  }

  /** Opens the command palette and types; a text that begins with ">" looks for a command, another for a file. */
  async search(text: string): Promise<void> {
    await this.openPalette();
    await this.input.fill(text);
  }

  /** Chooses the entry with exactly this label. */
  async choose(label: string, description?: string): Promise<void> {
    const row = await until(
      `an entry “${label}”${description ? ` (${description})` : ''} to choose`,
      async () => await this.findRow(label, description),
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}. There are: ${(await this.labels()).join(' | ') || 'none'}`);
    });
    await row.click();
    await until('the list to close or to change', async () => !(await row.isVisible()) || !(await this.has(label)));
  }

  /** Picks from a list that is open or about to open. */
  async pick(label: string): Promise<void> {
    await until(`a list with “${label}”`, async () => {
      if (await this.has(label)) return true;
      // Only what is in view is in the list, so the rest is searched for; not in the palette that is just closing.
      const isOpen = (await this.input.isVisible()) && !(await this.input.inputValue()).startsWith('>');
      if (isOpen) await this.input.fill(label);
      return false;
    });
    await this.choose(label);
  }

  /** Answers a question for a text. */
  async answer(text: string): Promise<void> {
    await this.input.waitFor();
    await this.input.fill(text);
    await this.input.press('Enter');
  }

  async labels(): Promise<string[]> {
    return (await this.widget.locator('.monaco-list-row .label-name').allTextContents()).map((text) => text.trim());
  }

  private async has(label: string): Promise<boolean> {
    return (await this.labels()).includes(label);
  }

  private async openPalette(): Promise<void> {
    await this.takeFocusFromWebview();
    // A key pressed while a webview is loading is lost, so it is pressed again.
    await until('the command palette', async () => {
      await this.page.keyboard.press('F1');
      await this.input.waitFor({ timeout: retryKeyMs });
      return (await this.input.inputValue()) === '>';
    });
  }

  /**
   * When the palette closes, VS Code gives the focus back; a webview takes it late, and so closes the pick list or
   * question that the command has opened meanwhile.
   */
  private async takeFocusFromWebview(): Promise<void> {
    if (await this.page.evaluate(() => document.activeElement instanceof HTMLIFrameElement)) {
      await this.page.locator('.part.editor').evaluate((part) => {
        part.tabIndex = -1;
        part.style.outline = 'none';
        part.focus();
      });
    }
  }

  private async findRow(label: string, description: string | undefined): Promise<Locator | undefined> {
    for (const row of await this.widget.locator('.monaco-list-row').all()) {
      if ((await row.locator('.label-name').first().textContent())?.trim() !== label) continue;
      if (description === undefined) return row;
      const shown = (await row.locator('.label-description').allTextContents()).join('').trim();
      if (shown === description) return row;
    }
    return undefined;
  }
}
