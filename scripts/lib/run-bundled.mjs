// Runs a TypeScript program of the tests as a bundle.
import { spawnSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { repository } from './paths.mjs';

/**
 * Ends this process with the exit code of the program.
 * @param {string} entry path of the program in the repository
 * @param {string} outfile path of its bundle in the repository
 * @param {Readonly<Record<string, string>>} [threads] programs of its threads, by the name of the bundle beside its own
 */
export async function runBundled(entry, outfile, threads = {}) {
  const bundle = join(repository, outfile);
  const name = basename(outfile, '.mjs');
  await build({
    entryPoints: Object.fromEntries(
      Object.entries({ [name]: entry, ...threads }).map(([out, from]) => [out, join(repository, from)]),
    ),
    outdir: dirname(bundle),
    outExtension: { '.js': '.mjs' },
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
