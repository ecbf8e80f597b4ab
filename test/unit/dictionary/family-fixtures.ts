/** Small dictionaries of every family, with what its own equations give in numpy. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answers } from '../../../src/core/dictionary/facts.js';

const FOLDER = new URL('../../fixtures/dictionary/', import.meta.url).pathname;

export const FAMILY_FIXTURES: readonly string[] = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

export interface FamilyFixture {
  readonly folder: string;
  /** Of the dictionary. */
  readonly path: string;
  readonly answers: Answers;
  readonly tokens: number;
  /** Row-major: [tokens, width], [tokens, features], [tokens, width of what is written]. */
  readonly x: readonly number[];
  readonly features: readonly number[];
  readonly reconstruction: readonly number[];
}

export function familyFixture(name: string): FamilyFixture {
  const folder = join(FOLDER, name);
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Omit<
    FamilyFixture,
    'folder' | 'path'
  > & { readonly file: string };
  return { ...expected, folder, path: join(folder, expected.file) };
}
