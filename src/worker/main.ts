/** The compute worker's entry: one thread, one model. Nothing but wiring. */
import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { connect, serve } from '../protocol/rpc.js';
import { threadChannel } from '../protocol/thread-channel.js';
import type { WorkerApi, WorkerEvents } from '../protocol/worker-api.js';
import { createInspection } from './inspection.js';

if (parentPort === null) throw new Error('The compute worker runs as a worker thread only.');
const channel = threadChannel(parentPort);
const { api: events } = connect<WorkerEvents>(channel);
const inspection = createInspection({
  // The bundle lies in dist/, the engine's wasm files in dist/ort/.
  wasmFolder: fileURLToPath(new URL('./ort/', import.meta.url)),
  dataFolder: fileURLToPath(new URL('../media/', import.meta.url)),
  events,
});
serve<WorkerApi>(channel, inspection, (error) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  void events.log({ level: 'error', text });
});
