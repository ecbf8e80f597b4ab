/** A folder that is filled by us alone: nothing is overwritten, and nothing is left of one that could not be finished. */
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asProblem, problem } from '../../core/errors.js';
import type { CacheFolder, GrowingFile } from '../../core/features/lists/activation-cache.js';

export interface NewFolder {
  readonly path: string;
  write(name: string, text: string): Promise<void>;
}

/**
 * @param parent absolute; there already. @param name of the new folder in it.
 * @throws ProblemError `file-unwritable` where there is one of that name, or it cannot be written; what `fill` does.
 */
export async function fillNewFolder<Value>(
  parent: string,
  name: string,
  fill: (folder: NewFolder) => Promise<Value>,
): Promise<Value> {
  const path = join(parent, safeName(name));
  await orUnwritable(path, () => mkdir(path));
  try {
    return await fill({
      path,
      write: (file, text) => orUnwritable(join(path, file), () => writeFile(join(path, file), text, { flag: 'wx' })),
    });
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
}

/** The files of an activation cache, which grow in a hidden folder of it until they are put together. */
export async function cacheFolder({ path }: NewFolder): Promise<CacheFolder & { close(): Promise<void> }> {
  const growing = await orUnwritable(path, () => mkdtemp(join(path, '.growing-')));
  const paths = new Map<GrowingFile, string>();
  return {
    async growing(name) {
      const file = join(growing, name);
      await orUnwritable(file, () => writeFile(file, ''));
      const grown = { append: (bytes: Uint8Array) => orUnwritable(file, () => appendFile(file, bytes)) };
      paths.set(grown, file);
      return grown;
    },
    join: (name, header, parts) =>
      orUnwritable(join(path, name), async () => {
        const file = await open(join(path, name), 'wx');
        try {
          await file.writeFile(header);
          for (const part of parts) {
            for await (const piece of createReadStream(paths.get(part) ?? '')) await file.writeFile(piece as Buffer);
          }
        } finally {
          await file.close();
        }
      }),
    close: () => rm(growing, { recursive: true, force: true }),
  };
}

/** Names of values and dictionaries may hold anything: what is left leads nowhere else. */
function safeName(name: string): string {
  const safe = name.replace(/[^\w.-]+/g, '_').replace(/^[._]+|[._]+$/g, '');
  return safe === '' ? 'features' : safe.slice(0, 100);
}

async function orUnwritable<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw problem(
      'file-unwritable',
      exists
        ? 'There is one of this name already, and nothing is overwritten.'
        : `It could not be written: ${asProblem(error).message}`,
      { place: path, remedy: exists ? 'Choose another folder.' : 'Choose another folder, or make room on the disk.' },
    );
  }
}
