/** Runs many files of a format in processes of their own, which may hang or end. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Said, Tally } from './child.js';
import { ROOT } from './root.js';

export interface Campaign {
  readonly format: string;
  readonly seed: number;
  /** As many files as this, or as many as fit into the time. */
  readonly files: number;
  readonly seconds?: number;
  /** Where files that fail are saved. */
  readonly folder: string;
  /** A file that takes longer than this never ends. */
  readonly patienceMilliseconds?: number;
}

export interface Failure {
  readonly index: number;
  readonly why: string;
  /** The folder with the file. */
  readonly saved: string;
}

export interface CampaignResult extends Tally {
  readonly failures: readonly Failure[];
}

const PATIENCE_MILLISECONDS = 20_000;
/** After so many processes that were lost, the rest would tell nothing new. */
const MAXIMUM_LOST = 5;
/** What ends a process that takes more and more, long before the machine suffers. */
const HEAP_MEGABYTES = 512;

/** Bundles what the processes run. @returns the path of the bundle. */
export async function bundleChild(): Promise<string> {
  const outdir = join(ROOT, '.cache/fuzz');
  await build({
    // The reader of HDF5 finds its thread beside itself.
    entryPoints: { child: join(ROOT, 'test/fuzz/child.ts'), hdf5: join(ROOT, 'src/node/hdf5/thread.ts') },
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  return `${outdir}/child.mjs`;
}

/** @param child what {@link bundleChild} gave. */
export async function runCampaign(child: string, campaign: Campaign): Promise<CampaignResult> {
  const started = performance.now();
  const failures: Failure[] = [];
  let total: Tally = { files: 0, opened: 0, rejected: {}, slowestMilliseconds: 0, mostBytes: 0 };
  let from = 0;
  for (let lost = 0; from < campaign.files && lost < MAXIMUM_LOST; lost++) {
    const secondsLeft = (campaign.seconds ?? Infinity) - (performance.now() - started) / 1000;
    if (secondsLeft <= 0) break;
    const options = { from, files: campaign.files - from, seconds: secondsLeft };
    const { said, ended } = await runChild(child, campaign, options);
    for (const each of said) if (each.said === 'failure') failures.push(each);
    const end = said.find((each) => each.said === 'end');
    if (end !== undefined) {
      total = sum(total, end);
      break;
    }
    const last = said.findLast((each) => each.said === 'begin');
    // A process that ends before its first file is a defect of the harness.
    if (last === undefined) throw new Error(`The process that opens files ended at once: ${ended}`);
    const { index } = last;
    const saving = await runChild(child, campaign, { from: index, files: 1, seconds: 60, save: true });
    const saved = saving.said.find((each) => each.said === 'failure')?.saved ?? '';
    failures.push({ index, why: ended, saved });
    total = sum(total, { files: index + 1 - from, opened: 0, rejected: {}, slowestMilliseconds: 0, mostBytes: 0 });
    from = index + 1;
  }
  return { ...total, failures };
}

interface ChildOptions {
  readonly from: number;
  readonly files: number;
  readonly seconds: number;
  readonly save?: boolean;
}

/** What a process said, and how it ended. Of files that were begun, only the last is told. */
function runChild(
  child: string,
  { format, seed, folder, patienceMilliseconds = PATIENCE_MILLISECONDS }: Campaign,
  { save = false, ...numbers }: ChildOptions,
): Promise<{ readonly said: readonly Said[]; readonly ended: string }> {
  const all = { format, seed, folder, ...numbers };
  const options = Object.entries(all).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const flags = ['--expose-gc', `--max-old-space-size=${HEAP_MEGABYTES}`];
  const running = spawn(process.execPath, [...flags, child, ...options, ...(save ? ['--save'] : [])], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Said[] = [];
  let begun: Said | undefined;
  let errors = '';
  let hung = false;
  const giveUp = (): void => {
    hung = true;
    running.kill('SIGKILL');
  };
  let patience = setTimeout(giveUp, patienceMilliseconds);
  createInterface({ input: running.stdout }).on('line', (line) => {
    clearTimeout(patience);
    patience = setTimeout(giveUp, patienceMilliseconds);
    const each = JSON.parse(line) as Said;
    if (each.said === 'begin') begun = each;
    else said.push(each);
  });
  running.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  return new Promise((resolve, reject) => {
    running.on('error', reject);
    running.on('close', (code, signal) => {
      clearTimeout(patience);
      const ended = hung
        ? `It did not end within ${patienceMilliseconds} ms.`
        : `The process ended (${code ?? signal}). ${errors}`;
      resolve({ said: begun === undefined ? said : [...said, begun], ended });
    });
  });
}

function sum(a: Tally, b: Tally): Tally {
  const rejected: Record<string, number> = { ...a.rejected };
  for (const [kind, count] of Object.entries(b.rejected)) rejected[kind] = (rejected[kind] ?? 0) + count;
  return {
    files: a.files + b.files,
    opened: a.opened + b.opened,
    rejected,
    slowestMilliseconds: Math.max(a.slowestMilliseconds, b.slowestMilliseconds),
    mostBytes: Math.max(a.mostBytes, b.mostBytes),
  };
}

/** "5,000 files: 1,200 opened, 3,800 rejected (malformed-model 3,000, …); at most 12 ms and 3.1 MB". */
export function summary({ files, opened, rejected, slowestMilliseconds, mostBytes }: Tally): string {
  const count = (value: number): string => value.toLocaleString('en-GB');
  const kinds = Object.entries(rejected).sort(([, a], [, b]) => b - a);
  const all = kinds.reduce((total, [, value]) => total + value, 0);
  const named = kinds.map(([kind, value]) => `${kind} ${count(value)}`).join(', ');
  const most = `at most ${slowestMilliseconds.toFixed(0)} ms and ${(mostBytes / 2 ** 20).toFixed(1)} MB`;
  return `${count(files)} files: ${count(opened)} opened, ${count(all)} rejected (${named}); ${most}`;
}
