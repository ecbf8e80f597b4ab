import type { Engine } from '../core/engine/engine.js';
import { loadNativeEngine } from './native-engine.js';
import { loadWasmEngine } from './wasm-engine.js';

/** The setting `modelInspector.engine`. */
export type EngineSetting = 'automatic' | 'native' | 'wasm';

export interface ChosenEngine {
  readonly engine: Engine;
  /** Why the native engine is not used although it was wanted. */
  readonly whyNotNative?: string;
}

/** The native engine wherever it loads, unless wasm is asked for; wasm runs everywhere. */
export async function chooseEngine(
  setting: EngineSetting,
  { wasmFolder }: { readonly wasmFolder: string },
): Promise<ChosenEngine> {
  if (setting === 'wasm') return { engine: await loadWasmEngine(wasmFolder) };
  try {
    return { engine: await loadNativeEngine() };
  } catch (error) {
    return { engine: await loadWasmEngine(wasmFolder), whyNotNative: loaderReason(error) };
  }
}

/** The first line of the loader's message, without the stack of modules that asked for it. */
function loaderReason(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    return `the package has no native library for ${process.platform} ${process.arch}`;
  }
  return message.split('\n', 1)[0] ?? message;
}
