import { realpathSync } from 'node:fs';
import { basename, dirname, join, posix, relative, sep, win32 } from 'node:path';
import type { SiblingFiles } from '../core/bytes/byte-source.js';
import { problem, type ProblemError } from '../core/errors.js';
import { openFileSource } from './file-source.js';
import { isCachedFile, realPath } from './model-cache.js';

const HYPERPARAMETERS = 'hyperparams.json';

/** Files of one folder and the folders inside it, by relative path; outside, only the one that `SiblingFiles` tells of. */
export function siblingFiles(folder: string): SiblingFiles {
  return {
    async open(relativePath) {
      return openFileSource(resolveInside(folder, relativePath), relativePath);
    },
    ...(basename(folder) === 'checkpoints'
      ? {
          async openHyperparameters() {
            return openFileSource(resolveInside(dirname(folder), HYPERPARAMETERS), HYPERPARAMETERS);
          },
        }
      : {}),
  };
}

/**
 * Absolute path of a file inside a folder, with links resolved; of a cache also a file that a link of the folder leads to in
 * the blobs of the same repository.
 * @throws ProblemError `external-data-outside-folder` for absolute paths, `..`, and other links that leave the folder,
 *   `missing-external-data` when there is no such file.
 */
export function resolveInside(folder: string, relativePath: string): string {
  if (posix.isAbsolute(relativePath) || win32.isAbsolute(relativePath) || /^[A-Za-z]:/.test(relativePath)) {
    throw outside(relativePath, 'is an absolute path');
  }
  if (relativePath.split(/[\\/]/).includes('..')) throw outside(relativePath, 'leads out of the folder');
  if (relativePath === '' || relativePath.includes('\0')) throw outside(relativePath, 'is not a file name');
  // At once, as file sources look at files: handing it to another thread takes longer, and a set may have 200 files.
  const root = realpathSync.native(folder);
  const path = realPath(join(root, relativePath));
  if (path === undefined) {
    throw problem('missing-external-data', `The file “${relativePath}” is missing.`, {
      place: relativePath,
      remedy: 'Put it into the folder of the model: the two belong together.',
    });
  }
  const inside = relative(root, path);
  const leaves =
    inside === '..' || inside.startsWith(`..${sep}`) || win32.isAbsolute(inside) || posix.isAbsolute(inside);
  if (leaves && !isCachedFile(root, path)) {
    throw outside(relativePath, 'is a link that leads out of the folder');
  }
  return path;
}

function outside(relativePath: string, why: string): ProblemError {
  const shown = relativePath.replaceAll('\0', '␀').slice(0, 200);
  return problem('external-data-outside-folder', `The file “${shown}” is not opened: it ${why}.`, {
    place: shown,
    remedy: 'Put the file itself into the folder of the model and name it without folders.',
  });
}
