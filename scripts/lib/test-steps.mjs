// What `npm test` does, in order. A step ends with the tests it ran, or throws.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from './browser.mjs';
import { ensureDependencies, requireNode } from './dependencies.mjs';
import { repository } from './paths.mjs';
import { ActionableError, npm } from './process.mjs';
import { ensureTools } from './system-tools.mjs';
import { tallyFileVariable } from './tally-reporter.mjs';
import { installVsCodeServer } from './vscode-server.mjs';

/** @typedef {import('./tally-reporter.mjs').Tally} Tally */
/** @typedef {{ name: string, run: () => Promise<Tally> }} Step */

/** @returns {Tally} */
export function nothingTested() {
  return { passed: 0, failed: [], skipped: [] };
}

/**
 * Preparations come first and always run: they find out in a moment that nothing is to be done.
 * @type {Step[]}
 */
export const preparations = [
  {
    name: 'dependencies',
    run: async () => {
      requireNode();
      await ensureDependencies();
      return nothingTested();
    },
  },
];

/** @type {Step[]} */
export const steps = [
  npmStep('typecheck'),
  npmStep('lint'),
  vitestStep('unit'),
  vitestStep('conformance'),
  vitestStep('fuzz'),
  browserStep('page', async () => {}),
  npmStep('package'),
  browserStep('e2e', installVsCodeServer),
];

/**
 * @param {string} script
 * @returns {Step}
 */
function npmStep(script) {
  return {
    name: script,
    run: async () => {
      const { code } = await npm(['run', '--silent', script], { cwd: repository, output: 'inherit' });
      if (code !== 0) throw new Error(`npm run ${script} failed`);
      return nothingTested();
    },
  };
}

/**
 * @param {string} name
 * @returns {Step}
 */
function vitestStep(name) {
  return { name, run: () => vitest(`test:${name}`) };
}

/**
 * @param {string} name
 * @param {() => Promise<unknown>} prepare
 * @returns {Step}
 */
function browserStep(name, prepare) {
  return {
    name,
    run: async () => {
      await ensureTools(['browser', 'fonts']);
      if (!findBrowser()) {
        const problem = 'no Chromium or Chrome here';
        // On a person's machine the rest is still worth knowing; a continuous run without a browser proves too little.
        if (process.env.CI)
          throw new ActionableError(`${problem}.`, 'Install one, or set MODEL_INSPECTOR_BROWSER to it.');
        return { ...nothingTested(), skipped: [{ name: `${name}: all of it`, reason: problem }] };
      }
      await prepare();
      return vitest(`test:${name}`);
    },
  };
}

/**
 * Runs an npm script that is one vitest run, and counts its tests.
 * @param {string} script
 * @returns {Promise<Tally>}
 */
async function vitest(script) {
  const folder = mkdtempSync(join(tmpdir(), 'model-inspector-test-'));
  const tallyFile = join(folder, 'tally.json');
  const reporter = join(repository, 'scripts', 'lib', 'tally-reporter.mjs');
  try {
    const { code } = await npm(['run', '--silent', script, '--', '--reporter=default', `--reporter=${reporter}`], {
      cwd: repository,
      env: { [tallyFileVariable]: tallyFile },
      output: 'inherit',
    });
    if (!existsSync(tallyFile)) throw new Error(`npm run ${script} ended before its tests did (exit code ${code})`);
    /** @type {Tally} */
    const tally = JSON.parse(readFileSync(tallyFile, 'utf8'));
    if (code !== 0 && tally.failed.length === 0) throw new Error(`npm run ${script} failed (exit code ${code})`);
    return tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
