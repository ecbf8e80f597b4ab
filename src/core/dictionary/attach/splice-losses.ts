/** What a network loses when a dictionary's reconstruction, zeros or the mean stand in place of a value (methods B1). */
import type { Session } from '../../engine/engine.js';
import { usedFeeds } from '../../engine/used-feeds.js';
import { problem } from '../../errors.js';
import { chooseLoss, type LossMeasure } from '../../experiment/loss-measure.js';
import { lossRuns } from '../../experiment/loss-runs.js';
import { accuracy, meanLoss } from '../../experiment/loss-totals.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Sweeps, SweptBatch } from '../../experiment/sweeps.js';
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { prune } from '../../rewrite/prune.js';
import { patchValues } from '../../rewrite/splice.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import { totalWidth, type Coder } from '../coder.js';
import type { MeasuredSite } from './measure-sites.js';
import { rowsOf, tensorOf } from './rows.js';
import { runCoder } from './run-coder.js';

export type Replacement = 'clean' | 'dictionary' | 'zero' | 'mean';

export interface SplicedLoss {
  readonly what: Replacement;
  /** In nats, or as the measure says. */
  readonly loss: number;
  readonly accuracy?: number;
  /** Mean KL(clean ‖ changed) of the output distribution, in nats; absent where the output holds no distribution. */
  readonly divergence?: number;
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
  { reads, writes, means }: MeasuredSite,
  sitesModel: ExperimentSubject['graph']['model'],
): Promise<Spliced> {
  const { graph } = subject;
  const measure = await chooseLoss(subject);
  const isTask = measure.kind === 'next-token' || measure.kind === 'class';
  const patched = patchValues(graph.model, [{ value: writes.value, type: DataType.FLOAT, rank: writes.rank }]);
  const patch = patched.patches.get(writes.value);
  if (patch === undefined) throw new Error(`“${writes.value}” was not patched.`);
  const source = await sweeps.open(prune(sitesModel, [...new Set([reads.value, writes.value])]));
  const [inputWidth, outputWidth] = [totalWidth(coder.reads), totalWidth(coder.writes)];
  const ones = Array.from({ length: writes.rank }, () => 1);

  const everywhere: Tensor = { type: 'bool', dims: ones, data: Uint8Array.of(1) };
  const put = (values: Tensor): NamedTensors => ({ [patch.values]: values, [patch.mask]: everywhere });
  const replaced: Readonly<Record<Exclude<Replacement, 'clean'>, (batch: SweptBatch) => Promise<NamedTensors>>> = {
    async dictionary({ feeds }) {
      const values = await source.run(usedFeeds(source, feeds));
      const [input, output] = [values[reads.value], values[writes.value]];
      if (input === undefined || output === undefined)
        throw problem('engine-failed', `The engine gave nothing for “${reads.value}”.`);
      const rows = rowsOf(input, inputWidth, reads);
      const { reconstruction } = await runCoder(session, coder, rows);
      return put(tensorOf(reconstruction, output.dims, outputWidth, writes, reads === writes ? rows.taken : undefined));
    },
    zero: async () => put({ type: 'float32', dims: ones, data: new Float32Array(1) }),
    async mean() {
      const dims = ones.map((one, axis) =>
        axis === (writes.axis === 'last' ? writes.rank - 1 : 1) ? outputWidth : one,
      );
      return put({ type: 'float32', dims, data: Float32Array.from(means.mean) });
    },
  };

  const runs = lossRuns(subject, sweeps, measure);
  const distances = isTask ? lossRuns(subject, sweeps, { ...measure, kind: 'divergence' }) : undefined;
  try {
    const losses: SplicedLoss[] = [];
    sweeps.phase('Loss of the model as it is');
    const clean = await runs.openClean(graph.model);
    const totals = await clean.loss();
    await clean.release();
    losses.push({
      what: 'clean',
      loss: isTask ? meanLoss(totals) : 0,
      ...accuracyOf(totals),
      ...(isTask ? { divergence: 0 } : {}),
    });
    const changed = await runs.open(patched.model);
    const distant = await distances?.open(patched.model);
    for (const what of ['dictionary', 'zero', 'mean'] as const) {
      sweeps.phase(`Loss with ${PHASES[what]} in its place`);
      const lost = await changed.loss({ feeds: replaced[what] });
      const distance = await distant?.loss({ feeds: replaced[what] });
      losses.push({
        what,
        loss: meanLoss(lost),
        ...accuracyOf(lost),
        ...(distance === undefined ? {} : { divergence: meanLoss(distance) }),
      });
    }
    await changed.release();
    await distant?.release();
    return { measure, losses };
  } finally {
    await source.release();
    await runs.release();
    await distances?.release();
  }
}

const PHASES: Readonly<Record<Exclude<Replacement, 'clean'>, string>> = {
  dictionary: 'the reconstruction',
  zero: 'zeros',
  mean: 'the mean',
};

function accuracyOf(totals: Parameters<typeof accuracy>[0]): Pick<SplicedLoss, 'accuracy'> {
  const right = accuracy(totals);
  return right === undefined ? {} : { accuracy: right };
}
