import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** Folder of models and inputs that other people made; never part of the repository. */
const DATA_FOLDER = resolve(
  process.env['MODEL_INSPECTOR_DATA'] ?? new URL('../../../shared/data', import.meta.url).pathname,
);

const reported = new Set<string>();

/** Absolute path of a file or folder of the shared data, or undefined (said aloud, once) where it is absent. */
export function sharedData(relative: string): string | undefined {
  const path = resolve(DATA_FOLDER, relative);
  if (existsSync(path)) return path;
  if (!reported.has(relative)) console.warn(`SKIPPED: no ${relative} in ${DATA_FOLDER} (set MODEL_INSPECTOR_DATA)`);
  reported.add(relative);
  return undefined;
}

/** The same for a test that cannot do without: where it is absent, `skip` (of the test's context) says what is missing. */
export function neededData(relative: string, skip: (note: string) => never): string {
  return sharedData(relative) ?? skip(`needs ${relative} of the shared data (MODEL_INSPECTOR_DATA)`);
}
