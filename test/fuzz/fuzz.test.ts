import { beforeAll, describe, expect, it } from 'vitest';
import { bundleChild, runCampaign, summary } from './campaign.js';
import { FORMATS } from './formats/registry.js';

const FILES = 5000;
/** The same files every time; `npm run fuzz` draws others. */
const SEED = 1;

let child = '';
beforeAll(async () => {
  child = await bundleChild();
});

describe('hostile files', () => {
  it.each(FORMATS.map(({ name }) => name))(
    'are opened or rejected with a reason, in time and within memory: %s',
    async (format) => {
      const result = await runCampaign(child, { format, seed: SEED, files: FILES, folder: 'test-results/fuzz' });
      process.stdout.write(`  ${format}: ${summary(result)}\n`);
      expect(result.failures).toEqual([]);
      expect(result.files).toBe(FILES);
      // Neither all of the files are beyond recognition, nor do the changes do nothing.
      expect(result.opened).toBeGreaterThan(FILES / 20);
      expect(FILES - result.opened).toBeGreaterThan(FILES / 5);
    },
  );
});
