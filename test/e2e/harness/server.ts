import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { packagedExtension } from '../../../scripts/lib/paths.mjs';
import {
  installExtension,
  startVsCodeServer,
  userSettingsFile,
  type RunningServer,
} from '../../../scripts/lib/vscode-server.mjs';
import { quietSettings, type Settings } from './settings.js';

export interface StartOptions {
  /** The folder to open. */
  workspace: string;
  /** Open a copy of the folder, which a test may write in and which goes with the server. */
  copy?: boolean;
  /** The packaged extension; by default what `npm run package` made for this machine. */
  vsix?: string;
  /** Added to `quietSettings`. */
  settings?: Settings;
}

/** A VS Code server with folders of its own, and the packaged extension installed in it as a person would. */
export async function startVsCode({ workspace, copy, vsix, settings }: StartOptions): Promise<VsCodeServer> {
  const home = mkdtempSync(join(tmpdir(), 'model-inspector-vscode-'));
  const folders = { dataFolder: join(home, 'data'), extensionsFolder: join(home, 'extensions') };
  const folder = copy ? join(home, basename(resolve(workspace))) : resolve(workspace);
  if (copy) cpSync(workspace, folder, { recursive: true });
  const server = new VsCodeServer(folder, home, folders);
  server.updateSettings({ ...quietSettings, ...settings });
  try {
    await installExtension(vsix ?? packagedExtension(), folders);
    await server.start();
  } catch (error) {
    await server.dispose();
    throw error;
  }
  return server;
}

export class VsCodeServer {
  private running: RunningServer | undefined;
  private port = '0';

  constructor(
    readonly workspace: string,
    private readonly home: string,
    private readonly folders: { dataFolder: string; extensionsFolder: string },
  ) {}

  /** The address that opens the workspace. */
  get url(): string {
    if (!this.running) throw new Error('The server is stopped.');
    return this.running.urlOf(this.workspace);
  }

  /**
   * Starts, on the data that an earlier run left. On the same port, because a browser keeps part of VS Code's state
   * (layout, open editors) under the address of the page.
   */
  async start(): Promise<void> {
    if (this.running) throw new Error('The server is running already.');
    this.running = await startVsCodeServer({ ...this.folders, port: this.port, token: false });
    this.port = String(this.running.port);
  }

  async stop(): Promise<void> {
    const running = this.running;
    this.running = undefined;
    await running?.stop();
  }

  /** Takes effect when a window is opened or reloaded: the server does not watch this file. */
  updateSettings(changes: Settings): void {
    const file = userSettingsFile(this.folders.dataFolder);
    const settings: Settings = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ ...settings, ...changes }, null, 2));
  }

  /** Everything that the server and its extension hosts wrote down, for messages of tests that fail. */
  logs(): string {
    const folder = join(this.folders.dataFolder, 'data', 'logs');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.log'));
    const texts = files.map((file) => `--- ${file}\n${readFileSync(join(folder, file), 'utf8')}`);
    return [this.running?.log() ?? '', ...texts].join('\n');
  }

  /** Stops and leaves nothing behind; a workspace that is not a copy stays. */
  async dispose(): Promise<void> {
    await this.stop();
    // The extension host writes its last words while its server is gone already.
    rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
