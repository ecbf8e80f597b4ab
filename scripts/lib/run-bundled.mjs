// Runs a TypeScript program of the tests as a bundle.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { repository } from './paths.mjs';

/**
 * Ends this process with the exit code of the program.
 * @param {string} entry path of the program in the repository
 * @param {string} outfile path of its bundle in the repository
 */
export async function runBundled(entry, outfile) {
  const bundle = join(repository, outfile);
  await build({
    entryPoints: [join(repository, entry)],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  const { status } = spawnSync(process.execPath, [bundle, ...process.argv.slice(2)], {
    cwd: repository,
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
