import type { Locator, Page } from 'playwright-core';
import { until } from './until.js';

/** The messages in the corner of the window. VS Code shows three at most; more wait until one of those is closed. */
export class Notifications {
  private readonly items: Locator;

  constructor(page: Page) {
    this.items = page.locator('.notifications-toasts .notification-list-item');
  }

  async texts(): Promise<string[]> {
    return await this.items.locator('.notification-list-item-message').allInnerTexts();
  }

  /**
   * Waits for a message that contains the text, closes it, and gives back all of it. This takes the focus, and so closes
   * a pick list or question that is open: answer those first.
   */
  async read(text: string): Promise<string> {
    const whole = await until(`a notification with “${text}”`, async () =>
      (await this.texts()).find((shown) => shown.includes(text)),
    );
    const item = this.itemWith(text);
    await until(`the notification “${text}” to close`, async () => {
      await item.hover({ timeout: 1_000 });
      await item.locator('.codicon-notifications-clear').click({ timeout: 1_000 });
      return !(await this.texts()).includes(whole);
    });
    return whole;
  }

  /** Presses a button of the message that contains the text. */
  async press(text: string, button: string): Promise<void> {
    const item = this.itemWith(text);
    await item.getByRole('button', { name: button, exact: true }).click();
    await item.waitFor({ state: 'detached' });
  }

  private itemWith(text: string): Locator {
    return this.items.filter({ hasText: text }).first();
  }
}
