import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onnxRuntimeEngine, type OnnxRuntime } from '../core/engine/onnxruntime-adapter.js';
import type { Engine } from '../core/engine/engine.js';
import { openWeightFiles } from './weight-files.js';

/** More threads than this slow small graphs down and gain little. */
const MAXIMUM_DEFAULT_THREADS = 8;

/**
 * ONNX Runtime compiled to WebAssembly: runs wherever Node runs, with threads.
 * The number of threads is fixed by the first session that a thread opens; later ones share its pool.
 * @param wasmFolder absolute path or file URL of the folder with `ort-wasm-simd-threaded.mjs` and `.wasm`.
 */
export async function loadWasmEngine(wasmFolder: string): Promise<Engine> {
  const runtime = await import('onnxruntime-web');
  const folderUrl = wasmFolder.startsWith('file:') ? wasmFolder : pathToFileURL(join(wasmFolder, '/')).href;
  runtime.env.wasm.wasmPaths = folderUrl.endsWith('/') ? folderUrl : `${folderUrl}/`;
  runtime.env.logLevel = 'fatal';
  return onnxRuntimeEngine({
    name: 'wasm',
    version: `onnxruntime-web ${runtime.env.versions.web ?? ''}`.trim(),
    runtime: runtime as OnnxRuntime,
    async prepare(model, { threads }) {
      runtime.env.wasm.numThreads = threads > 0 ? threads : Math.min(availableParallelism(), MAXIMUM_DEFAULT_THREADS);
      const weights = await openWeightFiles(model);
      return { options: { executionProviders: ['wasm'], externalData: weights.files }, close: weights.close };
    },
  });
}
