/** Writes a file piece by piece. */
import { open, rm } from 'node:fs/promises';
import { asProblem, problem, ProblemError } from '../core/errors.js';

/** What was written of a file that could not be finished is taken away again. @throws ProblemError `file-unwritable`; what the parts do. */
export async function writeParts(path: string, parts: AsyncGenerator<Uint8Array>): Promise<void> {
  let written = false;
  try {
    const file = await open(path, 'w');
    written = true;
    try {
      for await (const part of parts) await file.writeFile(part);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (written) await rm(path, { force: true });
    if (error instanceof ProblemError || !isSystemError(error)) throw error;
    throw problem('file-unwritable', `The file could not be written: ${asProblem(error).message}`, {
      place: path,
      remedy: 'Choose another folder, or make room on the disk.',
    });
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
