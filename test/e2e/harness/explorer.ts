import type { Locator, Page } from 'playwright-core';
import { until } from './until.js';

/** The tree of files at the side, and the menus that a right click opens. */
export class Explorer {
  private readonly rows: Locator;
  private readonly menu: Locator;

  constructor(private readonly page: Page) {
    this.rows = page.locator('.explorer-folders-view .monaco-list-row');
    this.menu = page.locator('.context-view .monaco-menu');
  }

  /** Expands folders down to a file, given by its path in the workspace. */
  async reveal(path: string): Promise<Locator> {
    const names = path.split('/');
    for (const folder of names.slice(0, -1)) {
      const row = await this.row(folder);
      if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
    }
    return await this.row(names.at(-1) ?? path);
  }

  async openContextMenu(path: string): Promise<void> {
    const row = await this.reveal(path);
    await until('the context menu', async () => {
      await row.click({ button: 'right' });
      await this.menu.waitFor({ timeout: 1_000 });
      return true;
    });
  }

  /** Chooses from the menu that is open; right after it opens, VS Code ignores clicks on it. */
  async clickMenu(label: string): Promise<void> {
    const item = this.menu.locator('.action-item', { has: this.page.getByText(label, { exact: true }) });
    await until(`the menu entry “${label}” to be taken`, async () => {
      if (await item.isVisible()) await item.click({ timeout: 1_000 });
      return !(await this.menu.isVisible());
    });
  }

  async menuLabels(): Promise<string[]> {
    return (await this.menu.locator('.action-label').allTextContents()).filter((label) => label !== '');
  }

  private async row(name: string): Promise<Locator> {
    const row = this.rows.filter({ has: this.page.getByText(name, { exact: true }) }).first();
    await row.waitFor();
    return row;
  }
}
