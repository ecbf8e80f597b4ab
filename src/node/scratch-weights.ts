/** A folder of its own for weights that are made for one run, and are gone after it. */
import { mkdtemp, open, realpath, rm, statfs, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problem } from '../core/errors.js';
import { bytesText } from '../core/passes/words.js';

export interface ScratchWeights {
  /** Absolute. */
  readonly folder: string;
  /** Name of the file in it. */
  readonly location: string;
  append(bytes: Uint8Array): Promise<void>;
  /** Closes the file: engines may read it now. */
  finish(): Promise<void>;
  /** Removes the folder, finished or not. */
  remove(): Promise<void>;
}

const LOCATION = 'weights.bin';
/** Other programs need room, too. */
const SPARE_BYTES = 256 * 2 ** 20;

/** @throws ProblemError `file-unwritable` where the disk has no room for so many bytes. */
export async function createScratchWeights(bytes: number): Promise<ScratchWeights> {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize < bytes + SPARE_BYTES) {
    throw problem(
      'file-unwritable',
      `The disk has ${bytesText(bavail * bsize)} left, but the redrawn weights take ${bytesText(bytes)} while they are run.`,
      { place: tmpdir(), remedy: 'Free some space, or set TMPDIR to a disk that has it.' },
    );
  }
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'model-inspector-weights-')));
  let handle: FileHandle | undefined = await open(join(folder, LOCATION), 'wx', 0o600);
  const finish = async (): Promise<void> => {
    await handle?.close();
    handle = undefined;
  };
  return {
    folder,
    location: LOCATION,
    async append(piece) {
      for (let done = 0; done < piece.length;) {
        done += (await handle?.write(piece, done, piece.length - done))?.bytesWritten ?? piece.length;
      }
    },
    finish,
    async remove() {
      await finish();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
