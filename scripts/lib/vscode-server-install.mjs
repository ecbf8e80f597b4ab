// VS Code's own server, put together from the npm package code-server (which carries VS Code's build for browsers).
// code-server itself, a login page around it, is not used.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cacheFolder } from './paths.mjs';
import { ActionableError, findProgram, lastLines, npm, run, say } from './process.mjs';
import { ensureTools } from './system-tools.mjs';

/**
 * The server runs on the Node major that its build was made for (`npm view code-server@X engines`); the minor of the
 * version is VS Code's.
 * @type {Record<string, string>}
 */
const codeServerForNode = { 20: '4.100.3', 22: '4.117.0', 24: '4.139.1' };

/** Native modules, with what VS Code lacks where one cannot be built. It starts and edits without any of them. */
const nativeModules = [
  { name: '@vscode/spdlog', file: 'spdlog.node', without: 'log files and output channels' },
  { name: 'native-watchdog', file: 'watchdog.node', without: 'ending the extension host after a crash' },
  { name: 'node-pty', file: 'pty.node', without: 'terminals' },
];

/** Written last inside an installation: what stands there is complete. */
const stampName = 'complete.json';

/**
 * Installs the server, or finds it installed.
 * @returns {Promise<string>} the folder whose `out/server-main.js` starts it
 */
export async function installVsCodeServer() {
  const version = codeServerVersion();
  const folder = join(cacheFolder, `vscode-server-${version}-${process.platform}-${process.arch}`);
  const server = join(folder, 'package', 'lib', 'vscode');
  if (existsSync(join(folder, stampName))) return server;

  const started = performance.now();
  say(`Installing VS Code's server (code-server ${version}, once, about 45 MB) into the cache folder...`);
  await ensureTools(['search', 'compiler']);
  // Built aside and renamed: two installations at once cannot meet, and half a one is never taken for a whole.
  const building = `${folder}.partial-${process.pid}`;
  removeAbandoned(folder);
  mkdirSync(building, { recursive: true });
  try {
    const missing = await build(version, building);
    writeFileSync(join(building, stampName), JSON.stringify({ version, node: process.version, missing }, null, 2));
    if (!existsSync(join(folder, stampName))) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(building, folder);
    }
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  say(`VS Code's server is installed (${Math.round((performance.now() - started) / 1000)} s).`);
  return server;
}

function codeServerVersion() {
  const major = process.versions.node.split('.')[0] ?? '';
  const version = codeServerForNode[major];
  if (version) return version;
  const known = Object.keys(codeServerForNode);
  throw new ActionableError(
    `There is no VS Code server for Node ${process.versions.node}: its builds exist for Node ${known.join(', ')}.`,
    `Run this with one of those Node versions, or install desktop VS Code and its "code" command, which needs no server.`,
  );
}

/**
 * What an interrupted installation left behind.
 * @param {string} folder
 */
function removeAbandoned(folder) {
  const parent = dirname(folder);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const pid = Number(/\.partial-(\d+)$/.exec(name)?.[1]);
    if (pid && !isRunning(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * @param {string} version
 * @param {string} folder
 * @returns {Promise<string[]>} the native modules that could not be built
 */
async function build(version, folder) {
  const archive = `code-server-${version}.tgz`;
  await step('Downloading', () =>
    npm(['pack', `code-server@${version}`, '--ignore-scripts'], { cwd: folder, output: 'quiet' }),
  );
  await step('Unpacking', () =>
    run(unpacker(), ['-xzf', archive, 'package/lib/vscode'], { cwd: folder, output: 'quiet' }),
  );
  rmSync(join(folder, archive));

  const server = join(folder, 'package', 'lib', 'vscode');
  await step("Installing the server's npm packages", () =>
    npm(['install', '--ignore-scripts', '--omit=dev'], { cwd: server, output: 'quiet' }),
  );
  // VS Code looks for its modules in an archive that desktop builds have; a link stands in for it, as in code-server.
  symlinkSync('node_modules', join(server, 'node_modules.asar'), process.platform === 'win32' ? 'junction' : 'dir');
  await provideRipgrep(server);
  return buildNativeModules(server);
}

/** Windows has tar in its system folder; the one of Git Bash before it on the PATH reads "C:" as a machine's name. */
function unpacker() {
  return process.platform === 'win32' ? resolve(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'tar.exe') : 'tar';
}

/**
 * @param {string} what
 * @param {() => Promise<{ code: number, output: string }>} action
 */
async function step(what, action) {
  say(`  ${what}...`);
  const { code, output } = await action();
  if (code !== 0) {
    throw new ActionableError(
      `${what} failed:\n${lastLines(output)}`,
      'Check the connection to the npm registry (npm ping) and the free disk space (400 MB), then run the command again.',
    );
  }
}

/**
 * The package's own script fetches rg from GitHub; the machine's rg does as well and needs no network.
 * @param {string} server
 */
async function provideRipgrep(server) {
  const program = findProgram('rg');
  if (program) {
    const folder = join(server, 'node_modules', '@vscode', 'ripgrep', 'bin');
    mkdirSync(folder, { recursive: true });
    cpSync(program, join(folder, process.platform === 'win32' ? 'rg.exe' : 'rg'), { dereference: true });
    return;
  }
  await npm(['rebuild', '@vscode/ripgrep'], { cwd: server, output: 'quiet' });
}

/**
 * @param {string} server
 * @returns {Promise<string[]>}
 */
async function buildNativeModules(server) {
  allowInstallScripts(server);
  const env = nodeHeaders();
  const missing = [];
  for (const { name, file, without } of nativeModules) {
    const folder = join(server, 'node_modules', name);
    const places = ['build/Release', `prebuilds/${process.platform}-${process.arch}`];
    const isThere = () => places.some((place) => existsSync(join(folder, place, file)));
    // Not every version of VS Code has every module, and some modules come built.
    if (!existsSync(folder) || isThere()) continue;
    say(`  Building ${name}...`);
    // The exit code does not tell: node-pty's last script can fail after its module is built.
    const { output } = await npm(['rebuild', name], { cwd: server, env, output: 'quiet' });
    if (isThere()) continue;
    missing.push(name);
    say(`  ${name} could not be built; this VS Code will lack ${without}.\n${indent(compilerMessages(output))}`);
    say('  -> Install a C++ compiler, make and Python 3, delete the cache folder, and run the command again.');
  }
  return missing;
}

/**
 * npm is beginning to refuse install scripts that the package at the top does not allow by name.
 * @param {string} server
 */
function allowInstallScripts(server) {
  const file = join(server, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  manifest.allowScripts = Object.fromEntries(nativeModules.map(({ name }) => [name, true]));
  writeFileSync(file, JSON.stringify(manifest, null, 2));
}

/**
 * node-gyp downloads Node's headers unless it is told where they lie; most installations of Node have them.
 * @returns {Record<string, string>}
 */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const header = join(prefix, 'include', 'node', 'node_version.h');
  if (!existsSync(header)) return {};
  const major = /#define NODE_MAJOR_VERSION (\d+)/.exec(readFileSync(header, 'utf8'))?.[1];
  return major === process.versions.node.split('.')[0] ? { npm_config_nodedir: prefix } : {};
}

/** @param {string} output */
function compilerMessages(output) {
  const telling = output.split('\n').filter((line) => /error|not found|ENOTFOUND/i.test(line));
  return telling.slice(0, 6).join('\n') || lastLines(output, 6);
}

/** @param {string} text */
function indent(text) {
  return text.replace(/^/gm, '    ');
}
