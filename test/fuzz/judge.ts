/** Opens one file and says whether it was borne: in time, within memory, and with an error that a person can act on. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ByteSource, SiblingFiles } from '../../src/core/bytes/byte-source.js';
import { memorySource } from '../../src/core/bytes/memory-source.js';
import { problem, ProblemError } from '../../src/core/errors.js';
import type { FuzzCase, FuzzFormat } from './format.js';

const LONGEST_MILLISECONDS = 1000;
const MEGABYTE = 1024 * 1024;

export type Verdict =
  | { readonly outcome: 'opened' }
  | { readonly outcome: 'rejected'; readonly kind: string }
  | { readonly outcome: 'failed'; readonly why: string };

export interface Judgement {
  readonly verdict: Verdict;
  readonly milliseconds: number;
  /** Beyond what there was before, at most. */
  readonly bytesTaken: number;
}

/** What a file may take: four times its size, and 64 MB. */
export function allowance({ bytes, siblings }: FuzzCase): number {
  let size = bytes.length;
  for (const sibling of siblings?.values() ?? []) size += sibling.length;
  return 4 * size + 64 * MEGABYTE;
}

/**
 * @param mustOpen the file is one that the format allows.
 * What takes too long or too much is tried again before it is judged, after the garbage of other files was collected:
 * neither a busy machine nor what others left behind is the file's fault.
 */
export async function judge(format: FuzzFormat, file: FuzzCase, mustOpen: boolean): Promise<Judgement> {
  let found = await attempt(format, file);
  const longest = format.longestMilliseconds ?? LONGEST_MILLISECONDS;
  const isTooMuch = (): boolean => found.milliseconds > longest || found.bytesTaken > allowance(file);
  for (let again = 0; again < 2 && isTooMuch(); again++) {
    collect();
    found = await attempt(format, file);
  }
  const { verdict, milliseconds, bytesTaken } = found;
  const failed = (why: string): Judgement => ({ ...found, verdict: { outcome: 'failed', why } });
  if (verdict.outcome === 'failed') return found;
  if (milliseconds > longest) return failed(`It took ${milliseconds.toFixed(0)} ms.`);
  if (bytesTaken > allowance(file)) {
    const [taken, allowed] = [bytesTaken, allowance(file)].map((bytes) => (bytes / MEGABYTE).toFixed(1));
    return failed(`It took ${taken} MB, and ${allowed} MB are allowed.`);
  }
  if (mustOpen && verdict.outcome === 'rejected') return failed(`A valid file was rejected (${verdict.kind}).`);
  return found;
}

/**
 * Twice, as a collection leaves array buffers to a thread that frees them later, and the next one waits for it: what was
 * freed during an attempt would hide as much that the attempt took.
 */
function collect(): void {
  globalThis.gc?.();
  globalThis.gc?.();
}

async function attempt(format: FuzzFormat, file: FuzzCase): Promise<Judgement> {
  const memory = memoryWatch();
  const start = performance.now();
  const verdict = await verdictOf(format, file, memory.look);
  const milliseconds = performance.now() - start;
  return { verdict, milliseconds, bytesTaken: memory.taken() };
}

async function verdictOf(format: FuzzFormat, file: FuzzCase, look: () => void): Promise<Verdict> {
  try {
    await format.exercise(watchedSource(file.name, file.bytes, look), siblingsOf(file, look));
    return { outcome: 'opened' };
  } catch (error) {
    if (!(error instanceof ProblemError)) {
      const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { outcome: 'failed', why: `It threw what is no problem: ${shown.slice(0, 2000)}` };
    }
    const { kind, message, place } = error.problem;
    if (kind === 'internal' || message === '' || place === undefined || place === '')
      return { outcome: 'failed', why: `A rejection without place or reason: ${JSON.stringify(error.problem)}` };
    return { outcome: 'rejected', kind };
  }
}

/** Each read gives bytes of its own, as reading a file does, so that they count as taken. */
function watchedSource(name: string, bytes: Uint8Array, look: () => void): ByteSource {
  const source = memorySource(name, bytes);
  return {
    name,
    size: source.size,
    async read(offset, length) {
      const copy = (await source.read(offset, length)).slice();
      look();
      return copy;
    },
  };
}

function siblingsOf(file: FuzzCase, look: () => void): SiblingFiles {
  return {
    async open(path) {
      const bytes = file.siblings?.get(path);
      if (bytes === undefined) throw problem('missing-external-data', 'There is no such file.', { place: file.name });
      return watchedSource(path, bytes, look);
    },
  };
}

/** One look takes some 30 µs: so many do no harm. */
const LOOKS = 100;

/**
 * How much memory is taken, by two measures of which the larger counts. Neither sees everything alone:
 * 1. What the engine has handed out, on its heap and as array buffers, whenever the file is read and at the end:
 *    sees memory that was asked for and never touched, but neither between two looks nor after it was collected.
 * 2. The largest that the process has been since the file was begun (Linux keeps it, and forgets it on demand):
 *    sees every moment, but only memory that was touched.
 * Garbage that nobody has collected counts in both: it is memory that the process holds.
 */
export function memoryWatch(): { look(): void; taken(): number } {
  const held = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const peakIsNew = forgetPeak();
  const before = held();
  const residentBefore = process.memoryUsage.rss();
  let most = before;
  let looks = 0;
  return {
    look() {
      if (looks++ < LOOKS) most = Math.max(most, held());
    },
    taken() {
      most = Math.max(most, held());
      return Math.max(0, most - before, (peakIsNew ? peakBytes() : residentBefore) - residentBefore);
    },
  };
}

/** Makes Linux forget how large this process has been (proc(5), clear_refs); false where there is no such thing. */
function forgetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

function peakBytes(): number {
  const [, kilobytes] = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes ?? 0) * 1024;
}
