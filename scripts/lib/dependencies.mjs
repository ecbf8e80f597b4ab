// The npm packages of the repository: there, and the ones that package-lock.json names.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.mjs';
import { ActionableError, npm, run, say } from './process.mjs';

const oldestNodeMajor = 20;

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean }} LockedPackage */

export function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < oldestNodeMajor) {
    throw new ActionableError(
      `This is Node ${process.versions.node}; Model Inspector needs Node ${oldestNodeMajor} or newer.`,
      'Install a current Node from https://nodejs.org (or your package manager) and run the command again.',
    );
  }
}

/** Installs the npm packages where they are missing or not those of package-lock.json. */
export async function ensureDependencies() {
  if (!dependenciesAreCurrent()) {
    say('Installing npm packages (npm ci)...');
    // Without install scripts: nothing here needs one, and none then runs code from the network.
    const { code } = await npm(['ci', '--ignore-scripts', '--no-fund', '--no-audit'], { cwd: repository });
    if (code !== 0) {
      throw new ActionableError(
        'npm ci failed (its messages are above).',
        'Check the connection to the npm registry (npm ping). If npm says that package-lock.json is out of sync, run npm install.',
      );
    }
  }
  await ensureEsbuild();
}

/**
 * Compared by content, because modification times lie: a checkout makes the lock file younger than the packages that
 * were installed from it, and so does `npm install` itself.
 */
function dependenciesAreCurrent() {
  const installedFile = join(repository, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = lockedPackages(join(repository, 'package-lock.json'));
  const installed = lockedPackages(installedFile);
  return Object.entries(wanted).every(([path, { version, integrity, optional, link }]) => {
    const found = installed[path];
    // Optional packages are those of other platforms; '' is the repository itself.
    if (path === '' || link || (!found && optional)) return true;
    return found?.version === version && found?.integrity === integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage>}
 */
function lockedPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

/** esbuild runs without its install script wherever npm brought the platform's binary; its script is the way out. */
async function ensureEsbuild() {
  const check = ['-e', "require('esbuild').transformSync('let works')"];
  if ((await run(process.execPath, check, { cwd: repository, output: 'quiet' })).code === 0) return;
  say('Building esbuild for this platform (npm rebuild esbuild)...');
  const { code } = await npm(['rebuild', 'esbuild'], { cwd: repository });
  if (code !== 0) {
    throw new ActionableError(
      'esbuild does not run on this machine.',
      'Remove node_modules and run the command again; npm must not be set to omit optional packages.',
    );
  }
}
