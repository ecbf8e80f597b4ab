/** Decompression with a bound: what a file says of its size is never believed, and what it becomes is counted. */
import { Gunzip, Inflate } from 'fflate';
import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { problem, ProblemError } from '../../errors.js';

/** Deflate never shrinks by more (258 bytes in 2 bits); a file that claims more lies. */
export const MAXIMUM_DEFLATE_RATIO = 1032;
/** Small, because one step of the decompressor may give 1,032 times as much. */
const STEP_BYTES = 16 * 1024;

export interface CompressedRange {
  readonly start: number;
  readonly length: number;
  readonly format: 'deflate' | 'gzip';
  /** Where the bytes are, for messages. */
  readonly name: string;
  /** Stops beyond this many bytes. */
  readonly limit: number;
  /** Packed bytes taken at a time; small where only the beginning is wanted. */
  readonly stepBytes?: number;
}

/**
 * What the range unpacks to, piece by piece; nothing is unpacked before it is asked for.
 * @throws ProblemError `malformed-model` when the data are damaged or grow beyond the limit.
 */
export async function* inflated(source: ByteSource, range: CompressedRange): AsyncGenerator<Uint8Array> {
  const { stepBytes = STEP_BYTES } = range;
  const end = range.start + range.length;
  const pause = breather();
  let chunks: Uint8Array[] = [];
  let size = 0;
  const collect = (chunk: Uint8Array): void => {
    size += chunk.length;
    chunks.push(chunk);
  };
  const stream = range.format === 'gzip' ? new Gunzip(collect) : new Inflate(collect);
  for (let at = range.start; at < end; at += stepBytes) {
    const length = Math.min(stepBytes, end - at);
    const step = await source.read(at, length);
    try {
      stream.push(step, at + length >= end);
    } catch (error) {
      throw damaged(source, range, at, `is damaged (${error instanceof Error ? error.message : String(error)})`);
    }
    if (size > range.limit)
      throw damaged(source, range, at, `becomes larger than ${range.limit} bytes when it is unpacked`);
    yield* chunks;
    chunks = [];
    await pause();
  }
}

/** Whether a file begins as gzip does. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** Far above any file that is worth keeping compressed, far below what ends the process. */
const MAXIMUM_GUNZIPPED_BYTES = 1024 * 1024 * 1024;

/** A gzipped file, unpacked whole in memory: 1 GiB at most. @throws as {@link inflated} does. */
export function gunzip(source: ByteSource): Promise<Uint8Array> {
  return inflate(source, wholeGzip(source));
}

/** The first bytes of a gzipped file, as many as one step gives; none where it is damaged. */
export async function gunzippedHead(source: ByteSource): Promise<Uint8Array> {
  try {
    for await (const chunk of inflated(source, { ...wholeGzip(source), stepBytes: 512 }))
      if (chunk.length > 0) return chunk;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
  }
  return new Uint8Array();
}

function wholeGzip({ size, name }: ByteSource): CompressedRange {
  return { start: 0, length: size, name, limit: MAXIMUM_GUNZIPPED_BYTES, format: 'gzip' };
}

/** All of it. @throws as {@link inflated} does. */
export async function inflate(source: ByteSource, range: CompressedRange): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of inflated(source, range)) {
    chunks.push(chunk);
    size += chunk.length;
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function damaged(source: ByteSource, range: CompressedRange, at: number, what: string): ProblemError {
  return problem('malformed-model', `“${range.name}” ${what}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: 'Download or save the file again.',
  });
}
