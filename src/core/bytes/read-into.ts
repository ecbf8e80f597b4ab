import type { ByteSource } from './byte-source.js';

/** Bytes from `offset` on into an array, as many as it has room for. @throws as reading the source does. */
export async function readInto(source: ByteSource, offset: number, target: Uint8Array): Promise<void> {
  if (source.readInto !== undefined) return source.readInto(offset, target);
  target.set(await source.read(offset, target.byteLength));
}
