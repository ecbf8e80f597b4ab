import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCase } from './cases.js';
import { bundleChild, runCampaign, type CampaignResult } from './campaign.js';
import { FORMATS } from './formats/registry.js';

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
let child = '';
beforeAll(async () => {
  child = await bundleChild();
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (control: string, files: number, patienceMilliseconds = 60_000): Promise<CampaignResult> =>
  runCampaign(child, { format: `control-${control}`, seed: 1, files, folder, patienceMilliseconds });

describe('the harness', () => {
  it('has nothing to say of what is good', async () => {
    const result = await run('good', 50);
    expect(result).toMatchObject({ files: 50, opened: 50, rejected: {}, failures: [] });
  });

  it.each([
    ['throws', 'no problem: TypeError'],
    ['placeless', 'without place or reason'],
    ['internal', 'without place or reason'],
    ['slow', /It took \d{4} ms/],
    ['touches', /It took 1\d\d\.\d MB/],
    ['asks', /It took 1\d\d\.\d MB/],
    ['heaps', /It took \d+\.\d MB/],
  ])('sees what %s, and saves the file', async (control, why) => {
    const { failures } = await run(control, 1);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.why).toMatch(why);
    expect(readdirSync(failures[0]?.saved ?? '')).toEqual(['file']);
  });

  it.each([
    ['hangs', 'did not end within 4000 ms'],
    ['exits', 'The process ended (3)'],
  ])('outlives what %s, goes on with the next file, and saves the one', async (control, why) => {
    const { failures, files } = await run(control, 2, 4000);
    expect([files, failures.map(({ index }) => index)]).toEqual([2, [0, 1]]);
    for (const failure of failures) {
      expect(failure.why).toContain(why);
      expect(existsSync(failure.saved)).toBe(true);
    }
  });

  it('counts rejections by kind, and does not let valid files be rejected', async () => {
    const { rejected, failures } = await run('rejects', 100);
    expect(rejected['malformed-model']).toBeGreaterThan(70);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length + (rejected['malformed-model'] ?? 0)).toBe(100);
    expect(failures[0]?.why).toContain('A valid file was rejected');
  });

  it('makes the same file of the same seed and number, and another of another', async () => {
    for (const format of FORMATS) {
      const corpus = await format.corpus();
      const bytesOf = (seed: number, index: number): Uint8Array => makeCase(format, corpus, seed, index).file.bytes;
      const files = Array.from({ length: 20 }, (_, index) => Buffer.from(bytesOf(1, index)).toString('base64'));
      expect(
        Array.from({ length: 20 }, (_, index) => Buffer.from(bytesOf(1, index)).toString('base64')),
        format.name,
      ).toEqual(files);
      expect(Array.from({ length: 20 }, (_, index) => Buffer.from(bytesOf(2, index)).toString('base64'))).not.toEqual(
        files,
      );
    }
  });
});
