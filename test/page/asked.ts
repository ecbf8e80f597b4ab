/** What tests look at on the page: what it asked of the host, and the boxes of the graph. */
import type { Locator, Page } from 'playwright-core';

/** Argument of the latest call of a method of the host. */
export function lastCall(page: Page, method: string): Promise<unknown> {
  return page.evaluate((name) => window.fake.calls.findLast((call) => call.method === name)?.argument, method);
}

export function countCalls(page: Page, method: string): Promise<number> {
  return page.evaluate((name) => window.fake.calls.filter((call) => call.method === name).length, method);
}

/** A box of the graph. */
export function item(page: Page, id: string): Locator {
  return page.locator(`[data-id="${id}"]`);
}
