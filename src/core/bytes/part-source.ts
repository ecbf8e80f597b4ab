import type { ByteSource } from './byte-source.js';
import { rangeProblem } from './memory-source.js';
import { readInto } from './read-into.js';

/**
 * Bytes `[start, start + size)` of a file, as a file.
 * @param locate where they are: asked before every read.
 */
export function partSource(
  name: string,
  size: number,
  locate: () => Promise<{ readonly source: ByteSource; readonly start: number }>,
): ByteSource {
  const locateInside = (offset: number, length: number): ReturnType<typeof locate> => {
    const outside = rangeProblem(name, size, offset, length);
    return outside === undefined ? locate() : Promise.reject(outside);
  };
  return {
    name,
    size,
    async read(offset, length) {
      const { source, start } = await locateInside(offset, length);
      return source.read(start + offset, length);
    },
    async readInto(offset, target) {
      const { source, start } = await locateInside(offset, target.byteLength);
      return readInto(source, start + offset, target);
    },
    async locate() {
      const { source, start } = await locate();
      const place = await source.locate?.();
      return place && { path: place.path, offset: place.offset + start };
    },
  };
}
