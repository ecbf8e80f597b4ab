/** Pickles that are packed with gzip, as transcoder_circuits publishes them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { asProblem } from '../../../src/core/errors.js';
import { openPytorch } from '../../../src/core/formats/pytorch/open.js';
import type { TensorFile } from '../../../src/core/formats/tensor-file.js';
import { openDictionary } from '../dictionary/open-dictionary.js';

const plain = new URL('../../fixtures/dictionary/transcoder-circuits/transcoder.pt', import.meta.url).pathname;
const packed = gzipSync(readFileSync(plain), { mtime: 0 });
const folder = mkdtempSync(join(tmpdir(), 'pickles-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function numbersOf(file: TensorFile): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (const { name, dims, values } of file.tensors)
    found.push([
      name,
      dims,
      await values?.read(
        0,
        dims.reduce((all, size) => all * size, 1),
      ),
    ]);
  return found;
}

describe('a checkpoint that is packed with gzip', () => {
  it('has the tensors of the plain one', async () => {
    const file = await openPytorch(memorySource('a.pkl.gz', packed));
    expect(file.formatName).toMatch(/, packed with gzip$/);
    expect(file.fileBytes).toBe(packed.length);
    const same = await openPytorch(memorySource('a.pkl', new Uint8Array(readFileSync(plain))));
    expect(await numbersOf(file)).toEqual(await numbersOf(same));
  });

  it('is opened as the dictionary that it is, with the code in it left alone', async () => {
    const path = join(folder, 'mlp.10.pkl.gz');
    writeFileSync(path, packed);
    const { coder, close } = await openDictionary(path);
    expect(coder).toMatchObject({ kind: 'transcoder', family: 'transcoder_circuits or ViT-Prisma' });
    await close();
  });

  it('that is cut short or damaged is said to be', async () => {
    for (const bytes of [packed.subarray(0, packed.length / 2), packed.slice().fill(0xff, 200, 400)]) {
      const opened = openPytorch(memorySource('a.pkl.gz', bytes));
      const { kind } = await opened.then(() => ({ kind: 'opened' }), asProblem);
      expect(['malformed-model', 'truncated-file', 'not-a-model']).toContain(kind);
    }
  });
});
