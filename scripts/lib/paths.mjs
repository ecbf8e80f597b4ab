import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActionableError } from './process.mjs';

/** The folder of the repository. */
export const repository = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What is installed or built once and can always be made again: deleting it costs time, never work. */
export const cacheFolder = resolve(process.env.MODEL_INSPECTOR_CACHE || join(repository, '.cache'));

/** `npm run` moves to the repository's folder; a relative path on the command line means where the person was. */
export const callerFolder = process.env.INIT_CWD || process.cwd();

/** What `npm run package` made for this machine: with the native engine where there is one, else the universal one. */
export function packagedExtension() {
  const { name, version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const candidates = [`${process.platform}-${process.arch}`, 'universal'].map((target) =>
    join(repository, 'dist', 'vsix', `${name}-${version}-${target}.vsix`),
  );
  const found = candidates.find((path) => existsSync(path));
  if (!found) throw new ActionableError('The extension is not packaged.', 'Run: npm run package');
  return found;
}
