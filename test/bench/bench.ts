import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCrown, measureIntervals } from './bounds.js';
import { measureCircuits } from './circuits.js';
import { CORPUS_MEMORY_RUNS, measureCorpusMemory } from './corpus-memory.js';
import { measureFeatures } from './features.js';
import { FEATURE_PASS_RUNS, measureFeaturePass } from './features-pass.js';
import { measureLinear, measureLiveRow } from './linear.js';
import { LINEAR_MEMORY_RUNS, measureLinearMemory } from './linear-memory.js';
import { measureMemory, MEMORY_RUNS } from './memory.js';
import { measureObserving } from './observing.js';
import { measureOpening, OPENING_SIDES, openOnce } from './opening.js';
import { measureSkipping } from './skipping.js';
import { measureStructure } from './structure.js';
import { measureTorch } from './torch.js';
import { measureOpeningSizes, measureShards, measureStatistics, measureTiles } from './weights.js';

/** One measurement: prints a line per number and says whether every target was met. */
type Measurement = (seconds: number) => Promise<boolean>;

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  'observing-resnet18-native': (seconds) => measureObserving('resnet18', 'native', seconds),
  'observing-gpt2-native': (seconds) => measureObserving('gpt2', 'native', seconds),
  'observing-resnet18-wasm': (seconds) => measureObserving('resnet18', 'wasm', seconds),
  'observing-gpt2-wasm': (seconds) => measureObserving('gpt2', 'wasm', seconds),
  'linear-resnet18': (seconds) => measureLinear('resnet18', seconds),
  'linear-gpt2': (seconds) => measureLinear('gpt2', seconds),
  'linear-live': (seconds) => measureLiveRow(seconds),
  'linear-memory': () => measureLinearMemory(runAlone),
  'bounds-intervals': (seconds) => measureIntervals(seconds),
  'bounds-crown': () => measureCrown(),
  features: (seconds) => measureFeatures(seconds),
  'features-pass': () => measureFeaturePass(runAlone),
  circuits: (seconds) => measureCircuits(seconds),
  'skipping-sample': () => measureSkipping('sample'),
  'skipping-gpt2': () => measureSkipping('gpt2'),
  opening: () => measureOpening(runAlone),
  structure: () => measureStructure(),
  'opening-sizes': (seconds) => measureOpeningSizes(seconds),
  'opening-shards': (seconds) => measureShards(seconds),
  statistics: () => measureStatistics(Number(values.elements)),
  tiles: (seconds) => measureTiles(seconds),
  memory: () => measureMemory(runAlone),
  'corpus-memory': () => measureCorpusMemory(runAlone),
  torch: (seconds) => measureTorch(seconds),
};

/** Parts that need a process of their own, because they measure its memory. */
const ALONE: Readonly<Record<string, () => Promise<unknown>>> = {
  ...Object.fromEntries(OPENING_SIDES.map((side) => [`open ${side}`, () => openOnce(side)])),
  ...Object.fromEntries(LINEAR_MEMORY_RUNS.map(({ name, run }) => [`linear memory ${name}`, run])),
  ...Object.fromEntries(FEATURE_PASS_RUNS.map(({ name, run }) => [`feature pass ${name}`, run])),
  ...Object.fromEntries(CORPUS_MEMORY_RUNS.map(({ name, run }) => [`corpus memory ${name}`, run])),
  ...Object.fromEntries(MEMORY_RUNS.map(({ name, run }) => [`memory ${name}`, run])),
};

/** Runs one part in a fresh process. @returns what it gave back, through JSON. */
function runAlone(part: string): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--alone', part], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${part} failed: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? 'null');
}

const { values, positionals } = parseArgs({
  options: {
    alone: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    elements: { type: 'string', default: '1e9' },
  },
  allowPositionals: true,
});
if (values.alone !== undefined) {
  const part = ALONE[values.alone];
  if (part === undefined) throw new Error(`There is no part “${values.alone}”.`);
  process.stdout.write(`${JSON.stringify(await part())}\n`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !(name in MEASUREMENTS));
if (unknown.length > 0) {
  process.stderr.write(
    `No measurement “${unknown.join('”, “')}”. There are: ${Object.keys(MEASUREMENTS).join(', ')}.\n`,
  );
  process.exit(2);
}
let met = true;
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stdout.write(`\n${name}\n`);
  met = (await measure(Number(values.seconds))) && met;
}
process.stdout.write(met ? '\nEvery target is met.\n' : '\nSome targets are missed.\n');
process.exit(met ? 0 : 1);
