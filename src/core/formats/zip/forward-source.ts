import type { ByteSource } from '../../bytes/byte-source.js';
import { rangeProblem } from '../../bytes/memory-source.js';
import { problem } from '../../errors.js';

/**
 * A file whose bytes come in order only. Reading onwards goes on where the last read ended, reading backwards begins
 * anew; one piece at a time is in memory.
 * @param pieces all bytes, from the first on. What it throws at the end, where checksums are known, the read of the last
 *   byte throws.
 */
export function forwardSource(name: string, size: number, pieces: () => AsyncGenerator<Uint8Array>): ByteSource {
  let going: AsyncGenerator<Uint8Array> | undefined;
  let ended = false;
  let piece: Uint8Array = new Uint8Array(0);
  let pieceStart = 0;

  const rewind = (): void => {
    void going?.return(undefined);
    going = undefined;
    ended = false;
    piece = new Uint8Array(0);
    pieceStart = 0;
  };
  const next = async (): Promise<void> => {
    going ??= pieces();
    const { done, value } = await going.next();
    if (done) {
      ended = true;
      return;
    }
    pieceStart += piece.length;
    piece = value;
  };
  const fill = async (offset: number, target: Uint8Array): Promise<void> => {
    if (offset < pieceStart) rewind();
    for (let filled = 0; filled < target.byteLength;) {
      const from = offset + filled - pieceStart;
      if (from >= piece.length) {
        if (ended) throw tooShort(name, pieceStart + piece.length, size);
        await next();
        continue;
      }
      const part = piece.subarray(from, from + target.byteLength - filled);
      target.set(part, filled);
      filled += part.length;
    }
    const isLast = offset + target.byteLength === pieceStart + piece.length && offset + target.byteLength === size;
    while (isLast && !ended) await next();
  };
  /** One reader at a time: there is one place that bytes come from. */
  let turn: Promise<void> = Promise.resolve();
  const readInto = (offset: number, target: Uint8Array): Promise<void> => {
    const outside = rangeProblem(name, size, offset, target.byteLength);
    if (outside !== undefined) return Promise.reject(outside);
    const reading = turn.then(() => fill(offset, target));
    turn = reading.catch(rewind);
    return reading;
  };
  return {
    name,
    size,
    async read(offset, length) {
      const outside = rangeProblem(name, size, offset, length);
      if (outside !== undefined) throw outside;
      const bytes = new Uint8Array(length);
      await readInto(offset, bytes);
      return bytes;
    },
    readInto,
  };
}

function tooShort(name: string, unpacked: number, size: number): Error {
  return problem('truncated-file', `“${name}” unpacks to ${unpacked} bytes, not to ${size}.`, {
    place: `byte ${unpacked} of ${name}`,
    remedy: 'Download or save the file again.',
  });
}
