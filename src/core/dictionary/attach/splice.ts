/** Runs a network with something else in the place of the value that a dictionary writes, and measures what it loses. */
import { usedFeeds } from '../../engine/used-feeds.js';
import { problem } from '../../errors.js';
import { chooseLoss, type LossMeasure } from '../../experiment/loss-measure.js';
import { lossRuns } from '../../experiment/loss-runs.js';
import { accuracy, meanLoss, type LossTotals } from '../../experiment/loss-totals.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Sweeps, SweptBatch } from '../../experiment/sweeps.js';
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { prune } from '../../rewrite/prune.js';
import { patchValues } from '../../rewrite/splice.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import { totalWidth, type Coder } from '../coder.js';
import type { MeasuredSite } from './measure-sites.js';
import { rowsOf, tensorOf, type Rows } from './rows.js';

/** What a network lost over all inputs. */
export interface Lost {
  /** In nats, or as the measure says. */
  readonly loss: number;
  readonly accuracy?: number;
  /** Mean KL(clean ‖ changed) of the output distribution, in nats; absent where the output holds no distribution. */
  readonly divergence?: number;
}

/** What stands in the place of the value, for one batch. */
export type Replacing = (batch: SweptBatch) => Promise<Tensor>;

export interface Splice {
  readonly measure: LossMeasure;
  /** Axes of the value, and the one that is as wide as what the dictionary writes. */
  readonly rank: number;
  readonly axis: number;
  /** Of the network as it is: one sweep, the first of all. */
  clean(): Promise<Lost>;
  /** With something else in its place: one sweep, two where the loss is of a task. */
  replaced(replacing: Replacing): Promise<Lost>;
  /** What the dictionary reads in a batch, and the way back from rows that are written to the value. */
  rows(batch: SweptBatch): Promise<{ readonly read: Rows; readonly asValue: (written: Float32Array) => Tensor }>;
  release(): Promise<void>;
}

/** @throws ProblemError `not-applicable` where no loss can be measured; CancelledError; and as engines do. */
export async function openSplice(
  subject: ExperimentSubject,
  sweeps: Sweeps,
  coder: Coder,
  { reads, writes }: Pick<MeasuredSite, 'reads' | 'writes'>,
  sitesModel: ExperimentSubject['graph']['model'],
): Promise<Splice> {
  const { graph } = subject;
  const measure = await chooseLoss(subject);
  const isTask = measure.kind === 'next-token' || measure.kind === 'class';
  const patched = patchValues(sitesModel, [{ value: writes.value, type: DataType.FLOAT, rank: writes.rank }]);
  const patch = patched.patches.get(writes.value);
  if (patch === undefined) throw new Error(`“${writes.value}” was not patched.`);
  const everywhere: Tensor = {
    type: 'bool',
    dims: Array.from({ length: writes.rank }, () => 1),
    data: Uint8Array.of(1),
  };
  const put = (values: Tensor): NamedTensors => ({ [patch.values]: values, [patch.mask]: everywhere });
  const source = await sweeps.open(prune(sitesModel, [...new Set([reads.value, writes.value])]));
  const runs = lossRuns(subject, sweeps, measure);
  const distances = isTask ? lossRuns(subject, sweeps, { ...measure, kind: 'divergence' }) : undefined;
  const changed = kept(() => runs.open(patched.model));
  const distant = kept(async () => distances?.open(patched.model));
  return {
    measure,
    rank: writes.rank,
    axis: writes.axis === 'last' ? writes.rank - 1 : 1,
    async clean() {
      const clean = await runs.openClean(graph.model);
      try {
        const totals = await clean.loss();
        return { loss: isTask ? meanLoss(totals) : 0, ...accuracyOf(totals), ...(isTask ? { divergence: 0 } : {}) };
      } finally {
        await clean.release();
      }
    },
    async replaced(replacing) {
      const feeds = async (batch: SweptBatch): Promise<NamedTensors> => put(await replacing(batch));
      const lost = await (await changed.open()).loss({ feeds });
      const distance = await (await distant.open())?.loss({ feeds });
      return {
        loss: meanLoss(lost),
        ...accuracyOf(lost),
        ...(distance === undefined ? {} : { divergence: meanLoss(distance) }),
      };
    },
    async rows({ feeds }) {
      const values = await source.run(usedFeeds(source, feeds));
      const [input, output] = [values[reads.value], values[writes.value]];
      if (input === undefined || output === undefined)
        throw problem('engine-failed', `The engine gave nothing for “${reads.value}”.`);
      const read = rowsOf(input, totalWidth(coder.reads), reads);
      const taken = reads === writes ? read.taken : undefined;
      return { read, asValue: (written) => tensorOf(written, output.dims, totalWidth(coder.writes), writes, taken) };
    },
    async release() {
      await (await changed.opened())?.release();
      await (await distant.opened())?.release();
      await source.release();
      await runs.release();
      await distances?.release();
    },
  };
}

function accuracyOf(totals: LossTotals): Pick<Lost, 'accuracy'> {
  const right = accuracy(totals);
  return right === undefined ? {} : { accuracy: right };
}

/** Opened when it is first needed. */
function kept<T>(open: () => Promise<T>): { open(): Promise<T>; opened(): Promise<T | undefined> } {
  let made: Promise<T> | undefined;
  return {
    open: () => (made ??= open()),
    opened: async () => made?.catch(() => undefined),
  };
}
