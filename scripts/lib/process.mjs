// Running other programs: one way to find them, one way to fail.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** An error whose text tells a person what to do next. Shown without a stack trace. */
export class ActionableError extends Error {
  /**
   * @param {string} problem what went wrong
   * @param {string} advice what to do about it
   */
  constructor(problem, advice) {
    super(`${problem}\n  -> ${advice}`);
  }
}

/**
 * Progress goes to stderr: stdout belongs to results (a report, the address of the server).
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * @param {() => Promise<number>} main resolves to the exit code
 */
export async function runAsProgram(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    say(`\n${error instanceof ActionableError ? error.message : error instanceof Error ? error.stack : error}`);
    process.exitCode = 1;
  }
}

/**
 * @param {string} name
 * @returns {string | undefined} the full path of a program
 */
export function findProgram(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const candidate = join(folder, name + ending);
      if (folder && statSync(candidate, { throwIfNoEntry: false })?.isFile()) return candidate;
    }
  }
  return undefined;
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] added to the environment; undefined takes one away
 * @property {'inherit' | 'stderr' | 'quiet'} [output] where the program's stdout goes; quiet keeps all of it back
 */

/**
 * Runs a program to its end, without a stdin.
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} `output` is filled only where it was kept back
 */
export function run(program, args, { cwd, env, output = 'stderr' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio:
        output === 'quiet' ? ['ignore', 'pipe', 'pipe'] : ['ignore', output === 'inherit' ? 'inherit' : 2, 'inherit'],
      // Batch files (code.cmd, npm.cmd) start only through a shell.
      shell: /\.(cmd|bat)$/i.test(program),
    });
    let kept = '';
    child.stdout?.on('data', (chunk) => (kept += chunk));
    child.stderr?.on('data', (chunk) => (kept += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output: kept }));
  });
}

/**
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function npm(args, options = {}) {
  const [program, ...first] = npmCommand();
  // Inside `npm start`, npm would take the repository for the place of every nested npm command.
  const env = { npm_config_local_prefix: undefined, npm_config_update_notifier: 'false', ...options.env };
  return run(program, [...first, ...args], { ...options, env });
}

/**
 * npm as a script of the running Node where that can be found: no shell, and never another Node's npm.
 * @returns {[string, ...string[]]}
 */
function npmCommand() {
  const bin = dirname(process.execPath);
  const scripts = [
    process.env.npm_execpath ?? '',
    join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(bin, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const script = scripts.find((path) => /npm-cli\.c?js$/.test(path) && existsSync(path));
  if (script) return [process.execPath, script];
  const program = findProgram('npm');
  if (!program) throw new ActionableError('npm is not on the PATH.', 'Install Node.js 20 or newer with its npm.');
  return [program];
}

/**
 * The last lines of a program's output: enough to see why it failed.
 * @param {string} output
 */
export function lastLines(output, count = 12) {
  return output.trimEnd().split('\n').slice(-count).join('\n');
}
