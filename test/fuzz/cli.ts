import { parseArgs } from 'node:util';
import { bundleChild, runCampaign, summary } from './campaign.js';
import { FORMATS } from './formats/registry.js';

/** Where files that fail are saved, with the seed and the number that make them again. */
const FOLDER = 'test-results/fuzz';
const SECONDS = '60';

const { values } = parseArgs({
  options: {
    format: { type: 'string' },
    seconds: { type: 'string', default: SECONDS },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    help: { type: 'boolean', default: false },
  },
});
const names = FORMATS.map(({ name }) => name);
const chosen = values.format?.split(',') ?? names;
const unknown = chosen.filter((name) => !names.includes(name));
const isWrong = unknown.length > 0 || !(Number(values.seconds) > 0) || !Number.isSafeInteger(Number(values.seed));
if (values.help || isWrong) {
  process.stdout.write(`npm run fuzz -- [--format ${names.join(',')}] [--seconds ${SECONDS}] [--seed N]

Opens hostile files of each format for so many seconds. Files that fail are saved to ${FOLDER}.
`);
  process.exit(isWrong ? 2 : 0);
}

process.stdout.write(`seed ${values.seed}\n`);
const child = await bundleChild();
let failed = false;
for (const format of chosen) {
  const result = await runCampaign(child, {
    format,
    seed: Number(values.seed),
    files: Number.MAX_SAFE_INTEGER,
    seconds: Number(values.seconds),
    folder: FOLDER,
  });
  process.stdout.write(`${format}: ${summary(result)}\n`);
  for (const { index, why, saved } of result.failures)
    process.stdout.write(`  FAILED, file ${index}, saved to ${saved}: ${why}\n`);
  failed ||= result.failures.length > 0;
}
process.exit(failed ? 1 : 0);
