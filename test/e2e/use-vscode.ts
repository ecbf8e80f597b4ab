/** What the end-to-end tests begin with: one VS Code for a file of tests, which is closed after them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, onTestFailed } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { openBrowser, type BrowserOptions, type TestBrowser } from './harness/browser.js';
import { startVsCode, type StartOptions, type VsCodeServer } from './harness/server.js';
import type { VsCode } from './harness/vscode.js';
import { ModelPage } from './model-page.js';

export interface OpenVsCode {
  readonly server: VsCodeServer;
  readonly browser: TestBrowser;
  /** The window, and the page of a model in it: a test that opens another window puts that here. */
  code: VsCode;
  page: ModelPage;
}

/**
 * Opens VS Code before the tests of this file or `describe`, after what was to be prepared before this call. A test that
 * fails leaves a picture of the window.
 */
export function useVsCode(
  options: StartOptions & { readonly browser?: BrowserOptions },
  onOpen: (opened: OpenVsCode) => void,
): void {
  let server: VsCodeServer | undefined;
  let browser: TestBrowser | undefined;
  let opened: OpenVsCode | undefined;

  beforeAll(async () => {
    server = await startVsCode(options);
    browser = await openBrowser(options.browser);
    const code = await browser.openVsCode(server);
    opened = { server, browser, code, page: new ModelPage(code) };
    onOpen(opened);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.dispose();
  });
  beforeEach(({ task }) => {
    onTestFailed(async () => {
      await opened?.code.screenshot(`failed ${task.name}`);
    });
  });
}

/** An empty folder that goes when the tests of this file or `describe` are done. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `model-inspector-${name}-`));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A copy of the sample language model that runs over `inputs` texts, in a folder that goes when the tests are done. */
export function languageModelFolder(name: string, inputs: number): string {
  const folder = temporaryFolder(name);
  beforeAll(() => {
    cpSync(join(repository, 'media/samples/grammar-gpt'), folder, { recursive: true });
    const recipe = join(folder, 'grammar-gpt.inspect.json');
    writeFileSync(recipe, JSON.stringify({ ...(JSON.parse(readFileSync(recipe, 'utf8')) as object), limit: inputs }));
  });
  return folder;
}
