import type * as OnnxRuntimeNode from 'onnxruntime-node';
import { onnxRuntimeEngine, type OnnxRuntime } from '../core/engine/onnxruntime-adapter.js';
import type { Engine } from '../core/engine/engine.js';
import { locatedWeights } from './located-weights.js';

/**
 * ONNX Runtime's native CPU library. It maps the weight files itself: no weight passes through JavaScript.
 * Every call blocks its thread; run it in a worker.
 * @throws Error with the loader's reason where the platform has no library (or it needs a newer system library).
 */
export async function loadNativeEngine(): Promise<Engine> {
  const module = await import('onnxruntime-node');
  // CommonJS: a bundler or Node may put the exports under `default`.
  const runtime = 'InferenceSession' in module ? module : (module as { default: typeof OnnxRuntimeNode }).default;
  return onnxRuntimeEngine({
    name: 'native',
    version: `onnxruntime-node ${runtime.env.versions.node ?? ''}`.trim(),
    runtime: runtime as OnnxRuntime,
    prepare: async (model, { threads }) => {
      const { bytes, folder } = locatedWeights(model);
      return {
        bytes,
        options: {
          executionProviders: ['cpu'],
          ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
          extra: { session: { model_external_initializers_file_folder_path: folder } },
        },
        close: async () => undefined,
      };
    },
  });
}
