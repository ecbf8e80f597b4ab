import { mkdirSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { repository } from '../../../scripts/lib/paths.mjs';
import { Explorer } from './explorer.js';
import { Notifications } from './notifications.js';
import { QuickInput } from './quick-input.js';
import type { VsCodeServer } from './server.js';
import { labelOfTheme, type ThemeName } from './settings.js';
import { patienceMs, until } from './until.js';
import { stateIsSaved } from './saved-state.js';
import { findWebviewFrame, waitForTheme } from './webviews.js';

const pictures = join(repository, 'test-results', 'screenshots');
const fromWebview = /\/contrib\/webview\/|vscode-resource/;
const fromWindow = /\/static\/out\/(?!vs\/workbench\/contrib\/webview\/)/;
const activeGroup = '.editor-group-container.active';

/** A VS Code window, as a person uses it. Every method waits for its effect. */
export class VsCode {
  readonly quickInput: QuickInput;
  readonly explorer: Explorer;
  readonly notifications: Notifications;
  /** Errors and refusals of the content security policy in webviews (VS Code's window has its own, not ours). */
  readonly webviewErrors: string[] = [];

  constructor(
    readonly page: Page,
    private readonly server: VsCodeServer,
  ) {
    this.quickInput = new QuickInput(page);
    this.explorer = new Explorer(page);
    this.notifications = new Notifications(page);
    page.setDefaultTimeout(patienceMs);
    page.on('console', (message) => {
      const { url } = message.location();
      if (message.type() === 'error' && fromWebview.test(url)) this.webviewErrors.push(`${message.text()} (${url})`);
    });
    page.on('pageerror', (error) => {
      if (!fromWindow.test(error.stack ?? '')) this.webviewErrors.push(error.stack ?? error.message);
    });
    // Leaving a window may ask "are you sure?".
    page.on('dialog', (dialog) => void dialog.accept());
  }

  /** Opens the server's workspace, or opens it again after the server was restarted. */
  async open(): Promise<void> {
    await this.page.goto(this.server.url);
    await this.waitUntilReady();
  }

  /** Loads the window again, after VS Code has saved its state. */
  async reload(): Promise<void> {
    await stateIsSaved(this.page);
    await this.page.reload();
    await this.waitUntilReady();
  }

  /** Closes the window, after VS Code has saved its state. */
  async close(): Promise<void> {
    await stateIsSaved(this.page);
    const closed = this.page.waitForEvent('close');
    await this.page.close({ runBeforeUnload: true });
    await closed;
  }

  /** Runs a command by its full title in the command palette, such as "View: Split Editor Right". */
  async runCommand(title: string): Promise<void> {
    await this.quickInput.search(`>${title}`);
    await this.quickInput.choose(title);
  }

  /** Chooses an entry of a pick list that is open. */
  async quickPick(label: string): Promise<void> {
    await this.quickInput.pick(label);
  }

  /** Opens a file by its path in the workspace, in its default editor. */
  async openFile(path: string): Promise<void> {
    const name = posix.basename(path);
    const folder = posix.dirname(path);
    await this.quickInput.search(path);
    await this.quickInput.choose(name, folder === '.' ? '' : folder);
    await this.page.locator(`${activeGroup} .tab.active[data-resource-name="${name}"]`).waitFor();
  }

  async openExplorerContextMenu(path: string): Promise<void> {
    await this.explorer.openContextMenu(path);
  }

  async clickMenu(label: string): Promise<void> {
    await this.explorer.clickMenu(label);
  }

  /** Presses a button in the title bar of the active editor. */
  async clickEditorAction(title: string): Promise<void> {
    const button = this.page.locator(`${activeGroup} .editor-actions`).getByRole('button', { name: title });
    await button.first().click();
  }

  /** The page of our custom editor in the active editor group, or in the group with a number from 0. */
  async webviewFrame({ group }: { group?: number } = {}): Promise<Frame> {
    const editorGroup = group === undefined ? activeGroup : `.editor-group-container >> nth=${group}`;
    return await findWebviewFrame(this.page, editorGroup);
  }

  /** The names on the tabs of all editor groups. */
  async tabs(): Promise<string[]> {
    const names = this.page.locator('.tab[data-resource-name]');
    return await names.evaluateAll((tabs) => tabs.map((tab) => tab.getAttribute('data-resource-name') ?? ''));
  }

  async selectTab(name: string): Promise<void> {
    await this.page.locator(`.tab[data-resource-name="${name}"]`).first().click();
    await this.page.locator(`${activeGroup} .tab.active[data-resource-name="${name}"]`).waitFor();
  }

  async closeTab(name: string): Promise<void> {
    await this.selectTab(name);
    const before = (await this.tabs()).length;
    await this.runCommand('View: Close Editor');
    await until(`the tab “${name}” to close`, async () => (await this.tabs()).length < before);
  }

  async reopenClosedTab(): Promise<void> {
    const before = (await this.tabs()).length;
    await this.runCommand('View: Reopen Closed Editor');
    await until('the closed tab to come back', async () => (await this.tabs()).length > before);
  }

  /** Moves the active editor to the group beside it, which is made if there is none. */
  async moveEditorToNextGroup(): Promise<void> {
    await this.runCommand('View: Move Editor into Next Group');
  }

  async setTheme(name: ThemeName): Promise<void> {
    await this.runCommand('Preferences: Color Theme');
    await this.quickPick(labelOfTheme(name));
    await waitForTheme(this.page, name);
  }

  /** Saves a picture of the window; a plain name goes to test-results/screenshots. */
  async screenshot(name: string): Promise<string> {
    const path = resolve(pictures, name.endsWith('.png') ? name : `${name}.png`);
    mkdirSync(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
    return path;
  }

  private async waitUntilReady(): Promise<void> {
    await this.page.locator('.monaco-workbench .part.editor').waitFor();
    // Before it knows its extensions, VS Code opens a file in the text editor, and remembers that.
    await this.page.waitForFunction(() => performance.getEntriesByName('code/didLoadExtensions').length > 0);
  }
}
