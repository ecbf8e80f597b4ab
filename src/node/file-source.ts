import { constants, readSync, statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { ByteSource } from '../core/bytes/byte-source.js';
import { rangeProblem } from '../core/bytes/memory-source.js';
import { problem, type ProblemError } from '../core/errors.js';

/** A regular file on disk, opened read-only. */
export interface FileSource extends ByteSource {
  readonly path: string;
  /** Modification time when it was opened, milliseconds. */
  readonly modifiedMilliseconds: number;
  /** Gives the file handle back; a later read opens it again. */
  close(): Promise<void>;
}

/** A handle that nobody used for this long is given back: a folder of inputs has more files than a process may open. */
const IDLE_MILLISECONDS = 1000;
/**
 * Reads up to this size, and looks at a file's status, are done at once: handing them to another thread takes longer
 * than they do, and skimming a model makes hundreds. Sources are read in workers and on the command line only.
 */
const SYNCHRONOUS_BYTES = 64 * 1024;

interface Identity {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
}

/**
 * Ranged reads of a regular file; devices, pipes and folders are refused.
 * @param name how the file is called in messages and references; its own name when absent.
 * @throws ProblemError `file-unreadable`. Reads throw as {@link ByteSource} says.
 */
export async function openFileSource(path: string, name = basename(path)): Promise<FileSource> {
  const identify = (): Identity => {
    const status = statSync(path, { bigint: true });
    if (!status.isFile()) throw unreadable(name, 'it is not a regular file');
    return { size: status.size, mtimeNs: status.mtimeNs, ino: status.ino };
  };
  const opened = attempt(identify, (error) => {
    throw asUnreadable(name, error);
  });
  const size = Number(opened.size);
  const absolutePath = resolve(path);

  let handle: Promise<FileHandle> | undefined;
  let reading = 0;
  let idle: NodeJS.Timeout | undefined;
  const close = async (): Promise<void> => {
    clearTimeout(idle);
    const closing = handle;
    handle = undefined;
    await closing?.then((file) => file.close()).catch(() => undefined);
  };

  /** A file that was written or replaced since it was opened no longer is the one that was inspected. */
  const checkUnchanged = (): void => {
    const now = attempt(identify, () => undefined);
    if (now?.size === opened.size && now.mtimeNs === opened.mtimeNs && now.ino === opened.ino) return;
    throw problem('file-changed', `“${name}” ${now === undefined ? 'was removed' : 'changed'} while it was open.`, {
      place: name,
      remedy: 'Reload the model.',
    });
  };

  const checkInside = (offset: number, length: number): void => {
    const outside = rangeProblem(name, size, offset, length);
    if (outside !== undefined) throw outside;
  };
  const readInto = async (offset: number, target: Uint8Array): Promise<void> => {
    checkInside(offset, target.byteLength);
    clearTimeout(idle);
    reading++;
    try {
      // Non-blocking: should the path turn into a pipe between the check and the opening, opening must not hang.
      handle ??= open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const arrived = await fill(await handle, target, offset);
      checkUnchanged();
      if (arrived < target.byteLength)
        throw rangeProblem(name, offset + arrived, offset, target.byteLength) ?? unreadable(name, 'it ends too early');
    } catch (error) {
      checkUnchanged();
      throw asUnreadable(name, error);
    } finally {
      reading--;
      if (reading === 0) idle = setTimeout(() => void close(), IDLE_MILLISECONDS).unref();
    }
  };

  return {
    name,
    size,
    path,
    modifiedMilliseconds: Number(opened.mtimeNs / 1_000_000n),
    close,
    async read(offset, length) {
      // Before anything is allocated.
      checkInside(offset, length);
      const bytes = new Uint8Array(length);
      await readInto(offset, bytes);
      return bytes;
    },
    readInto,
    locate: () => Promise.resolve({ path: absolutePath, offset: 0 }),
  };
}

/** Reads until the array is full or the file ends. @returns bytes read. */
async function fill(file: FileHandle, target: Uint8Array, offset: number): Promise<number> {
  let arrived = 0;
  while (arrived < target.byteLength) {
    const length = target.byteLength - arrived;
    const bytesRead =
      length <= SYNCHRONOUS_BYTES
        ? readSync(file.fd, target, arrived, length, offset + arrived)
        : (await file.read(target, arrived, length, offset + arrived)).bytesRead;
    if (bytesRead === 0) break;
    arrived += bytesRead;
  }
  return arrived;
}

function attempt<T, U>(work: () => T, otherwise: (error: unknown) => U): T | U {
  try {
    return work();
  } catch (error) {
    return otherwise(error);
  }
}

function unreadable(name: string, reason: string): ProblemError {
  return problem('file-unreadable', `“${name}” cannot be read: ${reason}.`, {
    place: name,
    remedy: 'Check that the file exists and that you may read it.',
  });
}

/** Errors of the system as problems; problems as they are. */
function asUnreadable(name: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === undefined) return error instanceof Error ? error : new Error(String(error));
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'access is denied',
    EPERM: 'access is denied',
    EMFILE: 'too many files are open',
  };
  return unreadable(name, reasons[code] ?? `the system says ${code}`);
}
