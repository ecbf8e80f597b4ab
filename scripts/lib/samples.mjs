// A copy of the sample models to work in, so that what a person saves beside them does not change the repository.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder, repository } from './paths.mjs';

/**
 * Brings the copy up to date. A file that a person changed stays as they left it.
 * @returns {string} its folder
 */
export function samplesToWorkIn() {
  const samples = join(repository, 'media', 'samples');
  const copy = join(cacheFolder, 'samples');
  const recordFile = join(cacheFolder, 'samples.json');
  /** @type {Record<string, string>} what each file was when it was copied */
  const record = existsSync(recordFile) ? JSON.parse(readFileSync(recordFile, 'utf8')) : {};

  for (const path of readdirSync(samples, { recursive: true, encoding: 'utf8' })) {
    const source = join(samples, path);
    const target = join(copy, path);
    if (!statSync(source).isFile()) continue;
    if (existsSync(target) && digest(target) !== record[path]) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
    record[path] = digest(source);
  }
  writeFileSync(recordFile, JSON.stringify(record, null, 2));
  return copy;
}

/** @param {string} file */
function digest(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
