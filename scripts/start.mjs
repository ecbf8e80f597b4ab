// `npm start`: from a fresh clone to Model Inspector in front of you. Uses nothing but Node until npm ci has run.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ensureDependencies, requireNode } from './lib/dependencies.mjs';
import { findDesktopVsCode } from './lib/desktop.mjs';
import { parseOptions } from './lib/options.mjs';
import { cacheFolder, callerFolder, packagedExtension, repository } from './lib/paths.mjs';
import { ActionableError, npm, run, runAsProgram, say } from './lib/process.mjs';
import { samplesToWorkIn } from './lib/samples.mjs';
import { installExtension, startVsCodeServer, userSettingsFile } from './lib/vscode-server.mjs';
import { nativeTargets } from './native-engine.mjs';

const help = `npm start                     open the sample models in VS Code with Model Inspector
npm start -- [options]

  --workspace FOLDER           open this folder instead of a copy of the samples
  --server                     use VS Code's server and your browser, even if desktop VS Code is installed
  --port PORT                  port of the server, or a range (default 8470-8479); implies --server
  --no-install                 do not look at the npm packages
  --help                       this text

  --report MODEL [...]         open no window: write a report. Everything after --report goes to the
                               command line tool ("node dist/cli.js report --help" tells what it takes)
`;

const known = /** @type {const} */ ({
  help: { type: 'boolean', short: 'h' },
  'no-install': { type: 'boolean' },
  port: { type: 'string' },
  server: { type: 'boolean' },
  workspace: { type: 'string' },
});

await runAsProgram(async () => {
  const args = process.argv.slice(2);
  const reportAt = args.indexOf('--report');
  const options = parseOptions(reportAt < 0 ? args : args.slice(0, reportAt), known, 'npm start -- --help');
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  requireNode();
  if (!options['no-install']) await ensureDependencies();
  if (reportAt >= 0) return report(args.slice(reportAt + 1));

  const folder = options.workspace ? resolve(callerFolder, options.workspace) : samplesToWorkIn();
  if (!existsSync(folder)) throw new ActionableError(`There is no folder ${folder}.`, 'Give --workspace a folder.');
  const desktop = options.server || options.port ? undefined : findDesktopVsCode();
  if (desktop) return openDesktop(desktop, folder);
  return serve(folder, options.port ?? '8470-8479');
});

/** @param {string[]} args what the command line tool's `report` takes */
async function report(args) {
  if (args.length === 0) {
    throw new ActionableError('--report needs a model.', 'For example: npm start -- --report model.onnx --out report');
  }
  await npmScript('build');
  const cli = join(repository, 'dist', 'cli.js');
  return (await run(process.execPath, [cli, 'report', ...args], { cwd: callerFolder, output: 'inherit' })).code;
}

/**
 * @param {string} code
 * @param {string} folder
 */
async function openDesktop(code, folder) {
  await npmScript('build');
  say(`Opening ${folder} in VS Code.`);
  return (await run(code, [`--extensionDevelopmentPath=${repository}`, '--new-window', folder])).code;
}

/**
 * @param {string} folder
 * @param {string} port
 */
async function serve(folder, port) {
  const target = `${process.platform}-${process.arch}`;
  await npmScript('package', nativeTargets.includes(target) ? target : 'universal');
  const folders = {
    dataFolder: join(cacheFolder, 'vscode-data'),
    extensionsFolder: join(cacheFolder, 'vscode-extensions'),
  };
  writeFirstSettings(userSettingsFile(folders.dataFolder));
  await installExtension(packagedExtension(), folders);
  const server = await startVsCodeServer({ ...folders, port, token: true });

  let stopping = false;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      stopping = true;
      void server.stop();
    });
  }
  say('\nVS Code with Model Inspector is ready. Open this address in a browser on this machine (Ctrl-C stops it):\n');
  process.stdout.write(`${server.urlOf(folder)}\n`);
  await server.exit;
  if (stopping) return 0;
  throw new ActionableError(`VS Code's server ended by itself:\n${server.log()}`, 'Run the command again.');
}

/**
 * What a person meets first: the folder's README, and nothing that calls home. Theirs to change from then on.
 * @param {string} file
 */
function writeFirstSettings(file) {
  if (existsSync(file)) return;
  const settings = {
    'workbench.startupEditor': 'readme',
    'telemetry.telemetryLevel': 'off',
    'extensions.autoCheckUpdates': false,
    'git.openRepositoryInParentFolders': 'never',
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`);
}

/**
 * Runs a script of package.json, which is quiet unless it fails.
 * @param {string} name
 * @param {string[]} args
 */
async function npmScript(name, ...args) {
  say(`npm run ${name}...`);
  const { code, output } = await npm(['run', '--silent', name, '--', ...args], { cwd: repository, output: 'quiet' });
  if (code !== 0) {
    say(output);
    throw new ActionableError(`npm run ${name} failed.`, 'Correct what it names above and run the command again.');
  }
}
