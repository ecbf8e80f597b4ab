/** The thread's end of the channel through which it gets bytes of a file: it asks, and sleeps until they are there. */
import type { MessagePort } from 'node:worker_threads';
import type { ReadBytes } from './library.js';
import { CHANNEL_BYTES, CHANNEL_HEAD_BYTES, READ_DONE, READ_WAITS, type Hdf5Said } from './messages.js';

/** The library reads a file's structure in pieces of some hundred bytes: blocks are kept. */
const BLOCK_BYTES = 16 * 1024;
const KEPT_BLOCKS = 256;

/** @param size of the file. */
export function channelReader(port: MessagePort, channel: SharedArrayBuffer, size: number): ReadBytes {
  const word = new Int32Array(channel, 0, 1);
  const shared = new Uint8Array(channel, CHANNEL_HEAD_BYTES, CHANNEL_BYTES);
  /** The least recently used first. */
  const blocks = new Map<number, Uint8Array>();

  const fetch = (offset: number, target: Uint8Array): boolean => {
    for (let at = 0; at < target.length; at += CHANNEL_BYTES) {
      const length = Math.min(CHANNEL_BYTES, target.length - at);
      Atomics.store(word, 0, READ_WAITS);
      port.postMessage({ said: 'read', offset: offset + at, length } satisfies Hdf5Said);
      Atomics.wait(word, 0, READ_WAITS);
      if (Atomics.load(word, 0) !== READ_DONE) return false;
      target.set(shared.subarray(0, length), at);
    }
    return true;
  };
  const block = (index: number): Uint8Array | undefined => {
    let bytes = blocks.get(index);
    if (bytes === undefined) {
      bytes = new Uint8Array(Math.min(BLOCK_BYTES, size - index * BLOCK_BYTES));
      if (!fetch(index * BLOCK_BYTES, bytes)) return undefined;
    }
    blocks.delete(index);
    blocks.set(index, bytes);
    const [oldest] = blocks.keys();
    if (blocks.size > KEPT_BLOCKS && oldest !== undefined) blocks.delete(oldest);
    return bytes;
  };
  return (offset, target) => {
    if (target.length >= BLOCK_BYTES) return fetch(offset, target);
    for (let filled = 0; filled < target.length;) {
      const at = offset + filled;
      const index = Math.floor(at / BLOCK_BYTES);
      const bytes = block(index)?.subarray(at - index * BLOCK_BYTES);
      if (bytes === undefined) return false;
      const part = bytes.subarray(0, target.length - filled);
      target.set(part, filled);
      filled += part.length;
    }
    return true;
  };
}
