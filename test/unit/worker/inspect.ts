/** The worker as the extension starts it, without a host. */
import { fileURLToPath } from 'node:url';
import type { WorkerApi, WorkerEvents } from '../../../src/protocol/worker-api.js';
import { createInspection } from '../../../src/worker/inspection.js';
import { WASM_FOLDER } from '../engine/engines.js';

/** @param told what a test wants to be told of. */
export function inspect(told: Partial<WorkerEvents> = {}): WorkerApi {
  return createInspection({
    wasmFolder: WASM_FOLDER,
    dataFolder: fileURLToPath(new URL('../../../media/', import.meta.url)),
    events: {
      runProgress: async () => undefined,
      fileResultChanged: async () => undefined,
      log: async () => undefined,
      ...told,
    },
  });
}
