import type { Page } from 'playwright-core';

/** In a browser, VS Code saves a window's state (layout, editors, webviews) every 5 s when idle, and not on closing. */
const saveIntervalMs = 5_000;
const slackMs = 1_000;

/** Lets one save pass that begins from now on, and waits until the browser has written it down. */
export async function stateIsSaved(page: Page): Promise<void> {
  await page.evaluate(async (intervalMs) => {
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
    await new Promise((resolve) => requestIdleCallback(resolve));
    const names = (await indexedDB.databases()).map(({ name }) => name ?? '');
    for (const name of names.filter((name) => name.startsWith('vscode-web-state-db-'))) {
      await new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          // Transactions on one store take turns: after this one, the writes before it have ended.
          const turn = database.transaction('ItemTable', 'readwrite');
          turn.oncomplete = () => {
            database.close();
            resolve();
          };
          turn.objectStore('ItemTable').count();
        };
      });
    }
  }, saveIntervalMs + slackMs);
}
