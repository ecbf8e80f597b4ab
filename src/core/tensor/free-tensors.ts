import type { NamedTensors } from './tensor.js';

/** Closed: what is posted is moved out of its owner's hands and arrives nowhere. */
let nowhere: MessagePort | undefined;

/**
 * Gives the memory of tensors back at once. Over many batches, what would wait to be collected is more than what a run
 * keeps. The tensors are empty afterwards, and so is every other view of their memory.
 */
export function freeTensors(tensors: NamedTensors): void {
  const buffers = new Set(
    Object.values(tensors).flatMap(({ data }) =>
      ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer ? [data.buffer] : [],
    ),
  );
  nowhere ??= closedPort();
  nowhere.postMessage(undefined, [...buffers]);
}

function closedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.close();
  return port1;
}
