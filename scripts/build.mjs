/**
 * Builds what the extension ships into dist/: the extension host's part, the compute worker, the threads for HDF5 and
 * for counting, the command line, the page and WebAssembly. `node scripts/build.mjs [--debug]`: with --debug nothing is minified and source maps are kept.
 */
import { build } from 'esbuild';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from './build-page.mjs';
import { noticesText, packagesOf } from './third-party-notices.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Code from CommonJS packages asks for `require`, which an ES module does not have. */
const requireBanner =
  "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);";

/** What onnxruntime-web loads at run time for its wasm backend. */
const wasmFiles = ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

/** @param {{ minify?: boolean }} [options] */
export async function buildAll({ minify = true } = {}) {
  await mkdir(join(dist, 'ort'), { recursive: true });
  /** @type {import('esbuild').BuildOptions} */
  const node = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    // Node of the oldest VS Code in package.json's engines (1.90).
    target: 'node20',
    minify,
    sourcemap: minify ? false : 'linked',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  };
  /** @type {import('esbuild').BuildOptions} */
  const module = {
    ...node,
    format: 'esm',
    // Native code cannot be bundled: it is found beside the bundle (platform packages) or not at all (universal).
    external: ['onnxruntime-node'],
    banner: { js: requireBanner },
  };
  const builds = [
    build({
      ...node,
      entryPoints: ['src/host/extension.ts'],
      outfile: 'dist/extension.cjs',
      format: 'cjs',
      external: ['vscode'],
    }),
    build({ ...module, entryPoints: ['src/worker/main.ts'], outfile: 'dist/worker.mjs' }),
    // The library is a text of WebAssembly in its code: escaped, it would be half as large again.
    build({ ...module, entryPoints: ['src/node/hdf5/thread.ts'], outfile: 'dist/hdf5.mjs', charset: 'utf8' }),
    build({ ...module, entryPoints: ['src/node/counting/thread.ts'], outfile: 'dist/counting.mjs' }),
    buildPage(join(dist, 'webview'), { minify }),
  ];
  if (existsSync(join(root, 'src/cli/main.ts'))) {
    builds.push(build({ ...module, entryPoints: ['src/cli/main.ts'], outfile: 'dist/cli.js' }));
  }
  const results = await Promise.all(builds);
  for (const file of wasmFiles) {
    await copyFile(join(root, 'node_modules/onnxruntime-web/dist', file), join(dist, 'ort', file));
  }
  const bundled = packagesOf(results.flatMap((result) => Object.keys(result.metafile?.inputs ?? {})));
  await writeFile(join(root, 'THIRD_PARTY_NOTICES.md'), await noticesText(root, bundled));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildAll({ minify: !process.argv.includes('--debug') });
}
