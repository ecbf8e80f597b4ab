import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, repository } from './paths.mjs';

/**
 * A copy of the sample models to work in, so that what a person saves beside them does not change the repository.
 * Files that are already there are kept: they may be edited.
 * @returns {string} its folder
 */
export function samplesToWorkIn() {
  const copy = join(cacheFolder, 'samples');
  cpSync(join(repository, 'media', 'samples'), copy, { recursive: true, force: false });
  return copy;
}
