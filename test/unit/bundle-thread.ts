import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles the program of a thread from its sources.
 * @param entry relative to the repository
 * @returns where the bundle is: in a new folder that holds only it.
 */
export async function bundleThread(entry: string): Promise<URL> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'model-inspector-thread-')), `${basename(entry, '.ts')}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`../../${entry}`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    charset: 'utf8',
    logLevel: 'error',
  });
  return pathToFileURL(outfile);
}
