import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { sharedData } from '../../unit/shared-data.js';
import type { FuzzCase } from '../format.js';

/** Files that other people made, those that are there: what is missing is said aloud. */
export function realFiles(paths: readonly string[]): FuzzCase[] {
  return paths.flatMap((relative) => {
    const path = sharedData(relative);
    return path === undefined ? [] : [{ name: basename(path), bytes: Uint8Array.from(readFileSync(path)) }];
  });
}
