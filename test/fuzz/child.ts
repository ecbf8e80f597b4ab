/**
 * The process in which files are opened: whatever a file does to it, the one that started it remains. Writes a line of
 * JSON for each file before it is opened, for each failure, and for the end.
 */
import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCase } from './cases.js';
import { CONTROLS } from './formats/controls.js';
import { FORMATS } from './formats/registry.js';
import type { FuzzCase } from './format.js';
import { judge } from './judge.js';

/** What this process says, one line each. */
export type Said =
  | { readonly said: 'begin'; readonly index: number }
  | { readonly said: 'failure'; readonly index: number; readonly why: string; readonly saved: string }
  | ({ readonly said: 'end' } & Tally);

export interface Tally {
  readonly files: number;
  readonly opened: number;
  /** By kind of problem. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly slowestMilliseconds: number;
  readonly mostBytes: number;
}

const { values } = parseArgs({
  options: {
    format: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    files: { type: 'string', default: '1' },
    seconds: { type: 'string', default: 'Infinity' },
    folder: { type: 'string', default: '.' },
    /** Saves the first file instead of opening it. */
    save: { type: 'boolean', default: false },
  },
});
const format = [...FORMATS, ...CONTROLS].find(({ name }) => name === values.format);
if (format === undefined) throw new Error(`There is no format “${values.format}”.`);
const seed = Number(values.seed);
const first = Number(values.from);
const corpus = await format.corpus();

function say(said: Said): void {
  writeSync(1, `${JSON.stringify(said)}\n`);
}

function save({ name, bytes, siblings }: FuzzCase, index: number): string {
  const folder = join(values.folder, `${values.format}-${seed}-${index}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, basename(name)), bytes);
  // Names of siblings may be anything: they are numbered.
  [...(siblings?.values() ?? [])].forEach((sibling, at) => writeFileSync(join(folder, `sibling-${at}`), sibling));
  return folder;
}

if (values.save) {
  const saved = save(makeCase(format, corpus, seed, first).file, first);
  say({ said: 'failure', index: first, why: '', saved });
  process.exit(0);
}

const started = performance.now();
const rejected: Record<string, number> = {};
let [files, opened, slowestMilliseconds, mostBytes] = [0, 0, 0, 0];
for (let index = first; index < first + Number(values.files); index++) {
  if (performance.now() - started > Number(values.seconds) * 1000) break;
  const { file, mustOpen } = makeCase(format, corpus, seed, index);
  say({ said: 'begin', index });
  const { verdict, milliseconds, bytesTaken } = await judge(format, file, mustOpen);
  files++;
  slowestMilliseconds = Math.max(slowestMilliseconds, milliseconds);
  mostBytes = Math.max(mostBytes, bytesTaken);
  if (verdict.outcome === 'opened') opened++;
  else if (verdict.outcome === 'rejected') rejected[verdict.kind] = (rejected[verdict.kind] ?? 0) + 1;
  else say({ said: 'failure', index, why: verdict.why, saved: save(file, index) });
}
say({ said: 'end', files, opened, rejected, slowestMilliseconds, mostBytes });
