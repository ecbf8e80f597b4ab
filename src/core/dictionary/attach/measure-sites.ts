/** Every place of a model that a dictionary fits into, measured over all inputs (methods B1). */
import type { Session } from '../../engine/engine.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Sweeps } from '../../experiment/sweeps.js';
import { problem } from '../../errors.js';
import { prune } from '../../rewrite/prune.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import { totalWidth, type Coder } from '../coder.js';
import { fidelitySums, meanSums, type Fidelity, type FidelitySums, type MeanSums, type Means } from './fidelity.js';
import { rowsOfRun } from '../../dataset/rows-of-run.js';
import { countedRows, rowsOf, type Rows } from './rows.js';
import { runCoder } from './run-coder.js';
import type { FoundSites, Site } from './sites.js';

export interface MeasuredSite {
  /** What the dictionary reads. */
  readonly reads: Site;
  /** What it is compared with: the same, unless it is a transcoder. */
  readonly writes: Site;
  readonly fidelity: Fidelity;
  /** Of what is written, over the tokens counted. */
  readonly means: Means;
}

/** Places that a transcoder is compared with, for each place that it may read: the next ones. */
const TARGETS_AHEAD = 24;

/** @returns best first: smallest FVU. Two sweeps. @throws ProblemError, CancelledError as sweeps do. */
export async function measureSites(
  subject: ExperimentSubject,
  sweeps: Sweeps,
  coder: Coder,
  session: Session,
  sites: FoundSites,
): Promise<readonly MeasuredSite[]> {
  const { dataset } = subject;
  const [inputWidth, outputWidth] = [totalWidth(coder.reads), totalWidth(coder.writes)];
  const pairs = pairsOf(coder, sites);
  const all = [...new Set(pairs.flatMap(({ reads, writes }) => [reads.value, writes.value]))];
  const model = await sweeps.open(prune(sites.model, all));
  try {
    const written = [...new Set(pairs.map(({ writes }) => writes))];
    const sums = new Map<Site, MeanSums>(written.map((site) => [site, meanSums(outputWidth)]));
    sweeps.phase('Means of every place that fits');
    await sweeps.run({
      session: model,
      fold(batch, values) {
        for (const [site, sum] of sums) {
          const rows = rowsOf(valueOf(values, site), outputWidth, site);
          sum.add(rows.values, countedRows(rows, batch, rowsOfRun(dataset, batch), site));
        }
      },
    });
    const means = new Map([...sums].map(([site, sum]) => [site, sum.finish()] as const));
    const fidelities = pairs.map(({ writes }): FidelitySums => fidelitySums(meanOf(means, writes).mean));
    sweeps.phase('Running the dictionary at every place that fits');
    await sweeps.run({
      session: model,
      async fold(batch, values) {
        const targets = new Map<Site, Rows>();
        for (const site of written) targets.set(site, rowsOf(valueOf(values, site), outputWidth, site));
        for (const reads of new Set(pairs.map((pair) => pair.reads))) {
          // What is read may be written elsewhere, or, by an autoencoder, given back.
          const rows = targets.get(reads) ?? rowsOf(valueOf(values, reads), inputWidth, reads);
          const coded = await runCoder(session, coder, rows);
          const counted = countedRows(rows, batch, rowsOfRun(dataset, batch), reads);
          pairs.forEach((pair, index) => {
            const target = targets.get(pair.writes);
            // A pair of which one counts tokens and the other something else means nothing.
            if (pair.reads !== reads || target?.count !== rows.count) return;
            fidelities[index]?.add(target.values, coded.reconstruction, counted, coded);
          });
        }
      },
    });
    const measured = pairs.map((pair, index): MeasuredSite => {
      const fidelity = (fidelities[index] as FidelitySums).finish();
      return { ...pair, fidelity, means: meanOf(means, pair.writes) };
    });
    return measured.filter(({ fidelity }) => fidelity.tokens > 0 && Number.isFinite(fidelity.fvu)).sort(byFvu);
  } finally {
    await model.release();
  }
}

const byFvu = (a: MeasuredSite, b: MeasuredSite): number =>
  a.fidelity.fvu - b.fidelity.fvu || a.reads.order - b.reads.order;

/** An autoencoder gives back what it reads; a transcoder something that is computed behind it. */
function pairsOf(coder: Coder, { byWidth }: FoundSites): readonly { readonly reads: Site; readonly writes: Site }[] {
  const inputs = byWidth.get(totalWidth(coder.reads)) ?? [];
  if (coder.kind === 'SAE') return inputs.map((site) => ({ reads: site, writes: site }));
  const outputs = (byWidth.get(totalWidth(coder.writes)) ?? []).filter(({ variant }) => variant === 'as it is');
  return inputs.flatMap((reads) =>
    outputs
      .filter(({ order }) => order > reads.order)
      .slice(0, TARGETS_AHEAD)
      .map((writes) => ({ reads, writes })),
  );
}

function meanOf(means: ReadonlyMap<Site, Means>, site: Site): Means {
  const found = means.get(site);
  if (found === undefined) throw new Error(`No mean of ${site.label}.`);
  return found;
}

function valueOf(values: NamedTensors, { value }: Site): Tensor {
  const tensor = values[value];
  if (tensor === undefined) throw problem('engine-failed', `The engine gave nothing for “${value}”.`);
  return tensor;
}
