import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { findBrowser } from '../../../scripts/lib/browser.mjs';
import type { VsCodeServer } from './server.js';
import { VsCode } from './vscode.js';

export interface BrowserOptions {
  /** Pixels per CSS pixel: 2 for sharp pictures. */
  deviceScaleFactor?: number;
  viewport?: { width: number; height: number };
  /** Further command line flags. */
  args?: string[];
}

const quietFlags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with a fresh profile. */
export async function openBrowser(options: BrowserOptions = {}): Promise<TestBrowser> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error('No Chromium or Chrome on this machine: npm test says how to get one.');
  const browser = await chromium.launch({ executablePath, args: [...quietFlags, ...(options.args ?? [])] });
  const context = await browser.newContext({
    viewport: options.viewport ?? { width: 1440, height: 900 },
    deviceScaleFactor: options.deviceScaleFactor ?? 1,
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  return new TestBrowser(browser, context);
}

export class TestBrowser {
  constructor(
    private readonly browser: Browser,
    readonly context: BrowserContext,
  ) {}

  /** Opens the server's workspace in a new window of the same profile, and waits until it can be used. */
  async openVsCode(server: VsCodeServer): Promise<VsCode> {
    const code = new VsCode(await this.context.newPage(), server);
    await code.open();
    return code;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}
