import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { DataFiles, FolderEntry } from '../core/dataset/data-files.js';
import { problem, type ProblemError } from '../core/errors.js';
import { openFileSource } from './file-source.js';
import { isCachedFile } from './model-cache.js';

/** Entries of one folder that are listed; a folder of more is refused. */
const MAXIMUM_ENTRIES = 2_000_000;

export interface DataFolder {
  /** Absolute folder that relative paths start from: the recipe's, or the model's. */
  readonly folder: string;
  /** Absolute folder that no path may leave, links resolved: the workspace's, or `folder` itself. */
  readonly root: string;
  /** Files and folders (absolute) that the person chose in this session: these and what is in them may be read, too. */
  readonly chosen?: readonly string[];
}

/**
 * Files that inputs are read from. A recipe may come from somebody else, so its paths stay inside `root`; absolute paths
 * are followed only into what the person chose.
 */
export function dataFiles({ folder, root, chosen = [] }: DataFolder): DataFiles {
  const allowed = async (path: string): Promise<string | undefined> => {
    if (path.includes('\0')) throw outside(path);
    const wanted = resolve(folder, path);
    const real = await realpath(wanted).catch(() => undefined);
    const bases = isAbsolute(path) ? chosen : [root, ...chosen];
    for (const base of bases) {
      // What does not exist is judged by its name; what exists, by where its links lead.
      const realBase = await realpath(base).catch(() => base);
      if (real !== undefined && isInside(base, wanted) && isCachedFile(realBase, real)) return real;
      if (isInside(realBase, real ?? wanted) || (real === undefined && isInside(base, wanted))) return real;
    }
    throw outside(path);
  };
  const existing = async (path: string): Promise<string> => {
    const real = await allowed(path);
    if (real === undefined) {
      throw problem('invalid-inputs', `There is no file or folder ${path}.`, {
        place: path,
        remedy: 'Correct the path in the recipe, or choose the inputs again.',
      });
    }
    return real;
  };
  return {
    async list(path) {
      const real = await existing(path);
      const found = await readdir(real, { withFileTypes: true }).catch((error: unknown) => {
        throw unreadable(path, error);
      });
      if (found.length > MAXIMUM_ENTRIES) {
        throw problem('invalid-inputs', `${path} has more than ${MAXIMUM_ENTRIES} entries.`, {
          place: path,
          remedy: 'Choose a smaller folder.',
        });
      }
      return found.flatMap((entry): FolderEntry[] => {
        // A link is listed as a file: opening it decides where it may lead.
        if (entry.isFile() || entry.isSymbolicLink()) return [{ name: entry.name, kind: 'file' }];
        return entry.isDirectory() ? [{ name: entry.name, kind: 'folder' }] : [];
      });
    },
    async facts(path) {
      const real = await allowed(path);
      if (real === undefined) return undefined;
      const found = await stat(real).catch(() => undefined);
      if (found === undefined || !(found.isFile() || found.isDirectory())) return undefined;
      return { kind: found.isFile() ? 'file' : 'folder', size: found.size, modifiedMs: found.mtimeMs };
    },
    async open(path) {
      const source = await openFileSource(await existing(path), path);
      return {
        name: source.name,
        size: source.size,
        async read(offset, length) {
          const bytes = await source.read(offset, length);
          // Pictures are read whole and once: thousands of handles must not wait for their idle time.
          if (length === source.size) await source.close();
          return bytes;
        },
      };
    },
  };
}

function isInside(base: string, path: string): boolean {
  const way = relative(base, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}

function outside(path: string): ProblemError {
  const shown = path.replaceAll('\0', '␀').slice(0, 200);
  return problem('invalid-inputs', `${shown} lies outside the workspace, so it is not read.`, {
    place: shown,
    remedy: 'Choose it with “Choose Inputs…”, or move it beside the recipe.',
  });
}

function unreadable(path: string, error: unknown): ProblemError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return problem('invalid-inputs', `${path} cannot be read as a folder (${code}).`, {
    place: path,
    remedy: 'Check that it is a folder that you may read.',
  });
}
