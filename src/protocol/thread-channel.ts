/** The rpc channel over a thread's message port: the worker's parentPort, and the Worker object on the other side. */
import type { Channel, RpcMessage } from './rpc.js';

/** What a `MessagePort` and a `Worker` have in common. */
export interface ThreadPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: RpcMessage) => void): unknown;
  off(event: 'message', listener: (message: RpcMessage) => void): unknown;
}

export function threadChannel(port: ThreadPort): Channel {
  return {
    send: (message) => port.postMessage(message),
    listen(handler) {
      port.on('message', handler);
      return () => port.off('message', handler);
    },
  };
}
