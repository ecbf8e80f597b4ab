/** The two directions of messages between this page and the extension host. */
import { connect, type Channel, type RpcMessage } from '../../src/protocol/rpc.js';
import type { HostApi } from '../../src/protocol/page-api.js';

interface VsCode {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCode;

/** May be asked for only once per page; everything else imports it from here. */
export const vscode = acquireVsCodeApi();

export const channel: Channel = {
  send: (message) => vscode.postMessage(message),
  listen(handler) {
    const onMessage = (event: MessageEvent<unknown>): void => {
      if (isRpcMessage(event.data)) handler(event.data);
    };
    window.addEventListener('message', onMessage);
    return () => window.removeEventListener('message', onMessage);
  },
};

const client = connect<HostApi>(channel);

export const host: HostApi = client.api;

const MESSAGE_TYPES: ReadonlySet<string> = new Set<RpcMessage['type']>([
  'call',
  'cancel',
  'progress',
  'result',
  'error',
]);

function isRpcMessage(data: unknown): data is RpcMessage {
  if (typeof data !== 'object' || data === null) return false;
  const { type, id } = data as { type?: unknown; id?: unknown };
  return typeof id === 'number' && typeof type === 'string' && MESSAGE_TYPES.has(type);
}
