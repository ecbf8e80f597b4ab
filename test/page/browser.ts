/** The page in a real browser, around it a fake VS Code; nothing is served over a network. */
import { build } from 'esbuild';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { buildPage } from '../../scripts/build-page.mjs';
import { contentSecurityPolicy } from '../../src/host/page-html.js';
import type { ModelName, Scenario } from './fake/scenarios.js';
import type { ThemeName } from './fake/themes.js';

const ORIGIN = 'http://page.test';
const NONCE = 'fake';
const BROWSER_PATHS = [process.env['MODEL_INSPECTOR_CHROMIUM'], '/usr/bin/chromium'];
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Situation {
  readonly scenario?: Scenario;
  readonly model?: ModelName;
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
}

export interface PageBrowser {
  /** A fresh page; its errors are collected and thrown by `close`. */
  open(situation?: Situation): Promise<Page>;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<PageBrowser> {
  const folder = await mkdtemp(join(tmpdir(), 'model-inspector-page-'));
  const errors: string[] = [];
  await Promise.all([
    buildPage(folder, { minify: true }),
    build({
      entryPoints: { fake: new URL('./fake/entry.ts', import.meta.url).pathname },
      outdir: folder,
      bundle: true,
      format: 'iife',
      logLevel: 'warning',
    }),
  ]);
  const executablePath = BROWSER_PATHS.find((path) => path !== undefined && path !== '');
  const browser: Browser = await chromium.launch({ executablePath, args: FLAGS });
  return {
    async open({ scenario = 'done', model = 'images', theme = 'dark', width = 1280, height = 800 } = {}) {
      const context = await browser.newContext({ viewport: { width, height } });
      const page = await context.newPage();
      page.on('pageerror', (error) => errors.push(String(error.stack ?? error)));
      await page.route(`${ORIGIN}/**`, async (route) => {
        const { pathname } = new URL(route.request().url());
        if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: html() });
        const contentType = pathname.endsWith('.css') ? 'text/css' : 'text/javascript';
        return route.fulfill({ contentType, body: await readFile(join(folder, pathname.slice(1))) });
      });
      await page.goto(`${ORIGIN}/?${new URLSearchParams({ scenario, model, theme }).toString()}`);
      return page;
    },
    async close() {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
      if (errors.length > 0) throw new Error(`The page threw:\n${errors.join('\n')}`);
    },
  };
}

function html(): string {
  const policy = contentSecurityPolicy({ cspSource: ORIGIN, nonce: NONCE }).replaceAll('"', '&quot;');
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="/page.css"><title>page</title></head>
<body><script nonce="${NONCE}" src="/fake.js"></script>
<script type="module" nonce="${NONCE}" src="/page.js"></script></body></html>`;
}
