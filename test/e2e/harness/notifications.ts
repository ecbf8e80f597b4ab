import type { Locator, Page } from 'playwright-core';
import { until } from './until.js';

const toastTakesMs = 2_000;

/**
 * The messages in the corner of the window. VS Code does not show each of them (three at most, and not always one that
 * comes right after another), but lists all in its notification centre: what does not show is looked for there.
 */
export class Notifications {
  private readonly items: Locator;
  private readonly centre: Locator;
  private readonly bell: Locator;

  constructor(page: Page) {
    this.items = page.locator(':is(.notifications-toasts, .notifications-center.visible) .notification-list-item');
    this.centre = page.locator('.notifications-center.visible');
    this.bell = page.locator('[id="status.notifications"] a');
  }

  /** What is shown. */
  async texts(): Promise<string[]> {
    return await this.items.locator('.notification-list-item-message').allInnerTexts();
  }

  /**
   * Waits for a message that contains the text, closes it, and gives back all of it. This takes the focus, and so closes
   * a pick list or question that is open: answer those first.
   */
  async read(text: string): Promise<string> {
    const whole = await this.show(text);
    const item = this.itemWith(text);
    await until(`the notification “${text}” to close`, async () => {
      if (!(await this.texts()).includes(whole)) return true;
      await item.hover({ timeout: 1_000 });
      await item.locator('.codicon-notifications-clear').click({ timeout: 1_000 });
      return false;
    });
    await this.hideCentre();
    return whole;
  }

  /** Presses a button of the message that contains the text. */
  async press(text: string, button: string): Promise<void> {
    await this.show(text);
    const item = this.itemWith(text);
    await item.getByRole('button', { name: button, exact: true }).click();
    await item.waitFor({ state: 'detached' });
    await this.hideCentre();
  }

  private async show(text: string): Promise<string> {
    const started = performance.now();
    return await until(`a notification with “${text}”`, async () => {
      const found = (await this.texts()).find((shown) => shown.includes(text));
      const waitedMs = performance.now() - started;
      if (!found && waitedMs > toastTakesMs && !(await this.centre.isVisible())) await this.bell.click();
      return found;
    });
  }

  private async hideCentre(): Promise<void> {
    if (!(await this.centre.isVisible())) return;
    await this.bell.click();
    await this.centre.waitFor({ state: 'hidden' });
  }

  private itemWith(text: string): Locator {
    return this.items.filter({ hasText: text }).first();
  }
}
