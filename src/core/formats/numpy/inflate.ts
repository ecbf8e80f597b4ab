/** Decompression with a bound: what a file says of its size is never believed, and what it becomes is counted. */
import { Gunzip, Inflate } from 'fflate';
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem, ProblemError } from '../../errors.js';

/** Far above any dataset that is worth keeping compressed, far below what ends the process. */
export const MAXIMUM_INFLATED_BYTES = 1024 * 1024 * 1024;
/** Deflate never shrinks by more (258 bytes in 2 bits); a file that claims more lies. */
export const MAXIMUM_DEFLATE_RATIO = 1032;
/** Small, because one step of the decompressor may give 1,032 times as much. */
const STEP_BYTES = 128 * 1024;

export interface CompressedRange {
  readonly start: number;
  readonly length: number;
  readonly format: 'deflate' | 'gzip';
  /** Where the bytes are, for messages. */
  readonly name: string;
  /** Stops beyond this many bytes. */
  readonly limit: number;
}

/** @throws ProblemError `invalid-inputs` when the data are damaged or grow beyond the limit. */
export async function inflate(source: ByteSource, range: CompressedRange): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const collect = (chunk: Uint8Array): void => {
    size += chunk.length;
    if (size > range.limit) throw damaged(range.name, `becomes larger than ${range.limit} bytes when it is unpacked`);
    chunks.push(chunk);
  };
  const stream = range.format === 'gzip' ? new Gunzip(collect) : new Inflate(collect);
  const end = range.start + range.length;
  for (let at = range.start; at < end; at += STEP_BYTES) {
    const length = Math.min(STEP_BYTES, end - at);
    const step = await source.read(at, length);
    try {
      stream.push(step, at + length >= end);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw damaged(range.name, `is damaged (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function damaged(name: string, what: string): ProblemError {
  return problem('invalid-inputs', `“${name}” ${what}.`, { place: name, remedy: 'Download or save the file again.' });
}
