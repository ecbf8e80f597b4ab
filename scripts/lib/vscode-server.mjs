// VS Code's server: installed, given an extension, started, stopped.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { installVsCodeServer } from './vscode-server-install.mjs';
import { ActionableError, lastLines, run } from './process.mjs';

export { installVsCodeServer };

const bootLimitMs = 60_000;
const stopLimitMs = 10_000;
const hasProcessGroups = process.platform !== 'win32';

/**
 * @typedef {object} ServerFolders
 * @property {string} dataFolder settings, logs and the state of extensions
 * @property {string} extensionsFolder
 */

/**
 * The settings of whoever uses a server, in the file that VS Code itself writes.
 * @param {string} dataFolder
 */
export function userSettingsFile(dataFolder) {
  return join(dataFolder, 'data', 'User', 'settings.json');
}

/**
 * Installs a packaged extension the way a person does ("Install from VSIX"), replacing an older copy.
 * @param {string} vsix
 * @param {ServerFolders} folders
 */
export async function installExtension(vsix, folders) {
  const server = await installVsCodeServer();
  const args = [...commonArguments(server, folders), '--install-extension', vsix, '--force'];
  const { code, output } = await run(process.execPath, args, { output: 'quiet' });
  if (code !== 0 || !/successfully installed/.test(output)) {
    throw new ActionableError(
      `VS Code does not take the extension ${vsix}:\n${lastLines(output)}`,
      'Package it again (npm run package); if that does not help, delete the cache folder and start over.',
    );
  }
}

/**
 * @typedef {ServerFolders & {
 *   port: string,
 *   token: boolean,
 * }} StartOptions
 * `port` is a number, 0 for any free one, or a range such as 8400-8409;
 * `token` false lets everybody on this machine in: for tests only
 */

/**
 * @typedef {object} RunningServer
 * @property {number} port
 * @property {(folder: string) => string} urlOf the address that opens a folder
 * @property {() => Promise<void>} stop
 * @property {Promise<number>} exit
 * @property {() => string} log what it printed so far
 */

/**
 * Starts the server on the loopback interface and waits until it answers.
 * @param {StartOptions} options
 * @returns {Promise<RunningServer>}
 */
export async function startVsCodeServer({ port, token, ...folders }) {
  const server = await installVsCodeServer();
  const args = [...commonArguments(server, folders), '--host', '127.0.0.1', '--port', port];
  if (!token) args.push('--without-connection-token');
  // A process group of its own: the extension hosts that the server starts are then waited for with it.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: hasProcessGroups });
  const stopWithUs = () => child.kill();
  process.once('exit', stopWithUs);

  let log = '';
  /** @type {Promise<number>} */
  const exit = new Promise((resolve) => {
    child.once('exit', (code) => {
      process.off('exit', stopWithUs);
      resolve(code ?? 0);
    });
  });
  /** @type {Promise<URL>} */
  const address = new Promise((resolve, reject) => {
    const listen = (/** @type {Buffer} */ chunk) => {
      log += chunk;
      const found = /Web UI available at (http:\S+)/.exec(log);
      if (found?.[1]) resolve(new URL(found[1]));
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('error', reject);
    void exit.then(() => reject(startFailed(port, log)));
    setTimeout(() => reject(startFailed(port, log)), bootLimitMs).unref();
  });

  const announced = await address.catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    port: Number(announced.port),
    urlOf: (folder) => {
      const url = new URL(announced);
      url.hostname = '127.0.0.1';
      url.searchParams.set('folder', folder);
      return url.href;
    },
    stop: async () => {
      child.kill();
      await Promise.race([exit, pause(stopLimitMs, undefined, { ref: false })]);
      await endGroup(child);
    },
    exit,
    log: () => log,
  };
}

/**
 * Waits for the extension hosts, which save their state after the server has gone; ends them when they take too long.
 * @param {import('node:child_process').ChildProcess} leader
 */
async function endGroup(leader) {
  if (!hasProcessGroups || leader.pid === undefined) {
    leader.kill('SIGKILL');
    return;
  }
  const group = -leader.pid;
  const deadline = performance.now() + stopLimitMs;
  while (signal(group, 0) && performance.now() < deadline) await pause(50);
  signal(group, 'SIGKILL');
}

/**
 * @param {number} group
 * @param {NodeJS.Signals | 0} name
 * @returns {boolean} whether anybody was there to get it
 */
function signal(group, name) {
  try {
    return process.kill(group, name);
  } catch {
    return false;
  }
}

/**
 * @param {string} server
 * @param {ServerFolders} folders
 */
function commonArguments(server, { dataFolder, extensionsFolder }) {
  return [
    join(server, 'out', 'server-main.js'),
    '--accept-server-license-terms',
    // Nothing leaves the machine: VS Code's own telemetry included.
    '--disable-telemetry',
    '--server-data-dir',
    dataFolder,
    '--extensions-dir',
    extensionsFolder,
  ];
}

/**
 * @param {string} port
 * @param {string} log
 */
function startFailed(port, log) {
  const advice = /EADDRINUSE|port/i.test(log)
    ? 'Choose another port with --port, or stop the program that uses this one.'
    : 'Delete the cache folder and run the command again: the server is then installed afresh.';
  return new ActionableError(`VS Code's server did not start on port ${port}:\n${lastLines(log)}`, advice);
}
