/** What a network loses when a dictionary's reconstruction, zeros or the mean stand in place of a value (methods B1). */
import type { Session } from '../../engine/engine.js';
import type { LossMeasure } from '../../experiment/loss-measure.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Sweeps } from '../../experiment/sweeps.js';
import { totalWidth, type Coder } from '../coder.js';
import type { MeasuredSite } from './measure-sites.js';
import { runCoder } from './run-coder.js';
import { openSplice, type Lost, type Replacing } from './splice.js';

export type Replacement = 'clean' | 'dictionary' | 'zero' | 'mean';

export interface SplicedLoss extends Lost {
  readonly what: Replacement;
}

export interface Spliced {
  readonly measure: LossMeasure;
  readonly losses: readonly SplicedLoss[];
}

/** Sweeps that it takes. */
export const SPLICE_SWEEPS = 7;

/** @param session of the coder's measuring model. @throws ProblemError, CancelledError as runs do. */
export async function spliceLosses(
  subject: ExperimentSubject,
  sweeps: Sweeps,
  coder: Coder,
  session: Session,
  site: MeasuredSite,
  sitesModel: ExperimentSubject['graph']['model'],
): Promise<Spliced> {
  const splice = await openSplice(subject, sweeps, coder, site, sitesModel);
  const { rank, axis, measure } = splice;
  const width = totalWidth(coder.writes);
  const ones = Array.from({ length: rank }, () => 1);
  const replacing: Readonly<Record<Exclude<Replacement, 'clean'>, Replacing>> = {
    async dictionary(batch) {
      const { read, asValue } = await splice.rows(batch);
      return asValue((await runCoder(session, coder, read)).reconstruction);
    },
    zero: async () => ({ type: 'float32', dims: ones, data: new Float32Array(1) }),
    mean: async () => ({
      type: 'float32',
      dims: ones.map((one, each) => (each === axis ? width : one)),
      data: Float32Array.from(site.means.mean),
    }),
  };
  try {
    sweeps.phase('Loss of the model as it is');
    const losses: SplicedLoss[] = [{ what: 'clean', ...(await splice.clean()) }];
    for (const what of ['dictionary', 'zero', 'mean'] as const) {
      sweeps.phase(`Loss with ${PHASES[what]} in its place`);
      losses.push({ what, ...(await splice.replaced(replacing[what])) });
    }
    return { measure, losses };
  } finally {
    await splice.release();
  }
}

const PHASES: Readonly<Record<Exclude<Replacement, 'clean'>, string>> = {
  dictionary: 'the reconstruction',
  zero: 'zeros',
  mean: 'the mean',
};
