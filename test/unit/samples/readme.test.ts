import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../../media/samples/', import.meta.url));

it('the samples are as large as their README says', () => {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => statSync(join(folder, path)));
  const bytes = paths.reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
  const stated = /([\d.]+) MB together/.exec(readFileSync(join(folder, 'README.md'), 'utf8'))?.[1];
  expect(stated).toBe((bytes / 1e6).toFixed(1));
});
