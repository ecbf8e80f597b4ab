import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Bundles the thread that reads HDF5 from its sources. @returns where the bundle is: in a new folder that holds only it. */
export async function bundleHdf5Thread(): Promise<URL> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'model-inspector-hdf5-')), 'hdf5.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../../../src/node/hdf5/thread.ts', import.meta.url))],
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
