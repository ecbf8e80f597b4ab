/** Runs a dictionary over all inputs and sums up what it leaves, of one half of them to fit by and of the other to judge. */
import type { Session } from '../../engine/engine.js';
import type { Dataset } from '../../dataset/dataset.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { SweptBatch } from '../../experiment/sweeps.js';
import { prune } from '../../rewrite/prune.js';
import { problem } from '../../errors.js';
import { breather } from '../../breathe.js';
import { totalWidth, type Coder } from '../coder.js';
import type { BestPlace } from '../attach/best-place.js';
import { rowsOfRun } from '../../dataset/rows-of-run.js';
import { countedRows, rowsOf, type Rows } from '../attach/rows.js';
import type { Site } from '../attach/sites.js';
import { runCoder } from '../attach/run-coder.js';
import { pursue } from './gradient-pursuit.js';
import { addToken, normalEquations, type NormalEquations } from './normal-equations.js';

export interface Halves {
  readonly fit: NormalEquations;
  readonly heldOut: NormalEquations;
}

export interface MeasuredError {
  /** Of the dictionary's own encoder. */
  readonly encoder: Halves;
  /** On tokens that were pursued, of the encoder and of the pursuit; absent where it was not done. */
  readonly pursuit?: { readonly encoder: Halves; readonly pursued: Halves };
}

/** Whole inputs are held out, the second half of them: tokens of one text never stand on both sides. */
export function isHeldOut(input: number, { size }: Pick<Dataset, 'size'>): boolean {
  return input >= Math.ceil(size / 2);
}

/** The inputs that {@link isHeldOut} names, for sweeps of their own. */
export function heldOutInputs(dataset: Dataset): Dataset {
  const first = Math.ceil(dataset.size / 2);
  return Object.create(dataset, {
    size: { value: dataset.size - first },
    batch: { value: (start: number, end: number) => dataset.batch(first + start, first + end) },
  }) as Dataset;
}

/** What pursuit takes: multiplications and additions of about a minute on two cores. */
const PURSUIT_OPERATIONS = 4e11;
/** Products of features and width that one step takes. */
const PRODUCTS_PER_STEP = 4;

/**
 * The first token of every input is left out where an input has several: it is unlike all others. One sweep.
 * @param pursuit session of the pursuit model; absent: it is not done. @throws ProblemError, CancelledError as sweeps do.
 */
export async function measureError(
  { dataset, signal }: Pick<ExperimentSubject, 'dataset' | 'signal'>,
  coder: Coder,
  { session, sweeps, sites, best }: BestPlace,
  pursuit: Session | undefined,
): Promise<MeasuredError> {
  const width = totalWidth(coder.reads);
  const halves = (): Halves => ({ fit: normalEquations(width), heldOut: normalEquations(width) });
  const [own, ownPursued, pursued] = [halves(), halves(), halves()];
  const every = pursuedEvery(coder, best.fidelity.l0NonZero, best.fidelity.tokens);
  const { reads } = best;
  const model = await sweeps.open(prune(sites.model, [reads.value]));
  const pause = breather(signal);
  try {
    sweeps.phase(pursuit === undefined ? 'Summing up what is left' : 'Summing up what is left, and pursuing features');
    await sweeps.run({
      session: model,
      async fold(batch, values) {
        const tensor = values[reads.value];
        if (tensor === undefined) throw problem('engine-failed', `The engine gave nothing for “${reads.value}”.`);
        const rows = rowsOf(tensor, width, reads);
        const coded = await runCoder(session, coder, rows);
        const tokens = tokensOf(batch, rows, reads, dataset);
        const of = (all: Float32Array, row: number): Float32Array => all.subarray(row * width, (row + 1) * width);
        for (const { row, heldOut } of tokens) {
          addToken(heldOut ? own.heldOut : own.fit, of(rows.values, row), of(coded.reconstruction, row));
          await pause();
        }
        if (pursuit === undefined) return;
        const some = tokens.filter(({ input }) => input % every === 0);
        const wanted = new Float32Array(some.length * width);
        some.forEach(({ row }, index) => wanted.set(of(rows.values, row), index * width));
        const steps = some.map(({ row }) => coded.nonZero[row] as number);
        const given = await pursue(pursuit, coder, wanted, steps);
        for (const [index, { row, heldOut }] of some.entries()) {
          const half = heldOut ? 'heldOut' : 'fit';
          addToken(ownPursued[half], of(rows.values, row), of(coded.reconstruction, row));
          addToken(pursued[half], of(rows.values, row), of(given, index));
          await pause();
        }
      },
    });
  } finally {
    await model.release();
  }
  return { encoder: own, ...(pursuit === undefined ? {} : { pursuit: { encoder: ownPursued, pursued } }) };
}

interface CountedToken {
  readonly row: number;
  readonly input: number;
  readonly heldOut: boolean;
}

function tokensOf(batch: SweptBatch, rows: Rows, reads: Site, dataset: Dataset): readonly CountedToken[] {
  const runRows = rowsOfRun(dataset, batch);
  const perExample = Math.max(1, Math.round(rows.count / runRows));
  const found: CountedToken[] = [];
  countedRows(rows, batch, runRows, reads).forEach((counts, row) => {
    const input = batch.indices[Math.floor(row / perExample)];
    if (counts === 1 && input !== undefined) found.push({ row, input, heldOut: isHeldOut(input, dataset) });
  });
  return found;
}

/** Every how many inputs are pursued, so that all of it stays within what a person waits for. */
function pursuedEvery({ features, writes }: Coder, l0: number, tokens: number): number {
  const all = tokens * Math.max(1, l0) * features * totalWidth(writes) * PRODUCTS_PER_STEP;
  return Math.max(1, Math.ceil(all / PURSUIT_OPERATIONS));
}
