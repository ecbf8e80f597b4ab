/** The loss of a network and of changed copies of it, over the same inputs. */
import type { Dataset } from '../dataset/dataset.js';
import type { Session } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import { problem } from '../errors.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import { prune } from '../rewrite/prune.js';
import { elementCount, type Tensor } from '../tensor/tensor.js';
import { LOSS_INPUTS, writeLoss } from './loss-graph.js';
import type { LossMeasure } from './loss-measure.js';
import type { LossTotals } from './loss-totals.js';
import type { ExperimentSubject } from './subject.js';
import { numbersOf, type Sweep, type Sweeps, type SweptBatch } from './sweeps.js';

/** A network whose loss can be measured again and again, with other values for the inputs that a rewrite gave it. */
export interface MeasuredNetwork {
  /** One sweep. @throws CancelledError, and what an engine throws. */
  loss(options?: Partial<Pick<Sweep, 'feeds' | 'fold'>>): Promise<LossTotals>;
  release(): Promise<void>;
}

export interface LossRuns {
  /**
   * The network as it is, with further values among its outputs. Comes first where there are no targets: its outputs are
   * what changed ones are compared with. Its own loss is then 0.
   */
  openClean(model: ModelProto, outputs?: readonly string[]): Promise<MeasuredNetwork>;
  /** A rewritten network, with further values among its outputs. */
  open(model: ModelProto, outputs?: readonly string[]): Promise<MeasuredNetwork>;
  /** Lets go of the clean network. */
  release(): Promise<void>;
}

/** Clean outputs that are kept from sweep to sweep; of more, each sweep runs the clean network again. */
const KEPT_BYTES = 64 * 2 ** 20;

export function lossRuns(subject: ExperimentSubject, sweeps: Sweeps, measure: LossMeasure): LossRuns {
  const { dataset, graph } = subject;
  const hasTargets = measure.kind === 'next-token' || measure.kind === 'class';
  const reference = cleanOutputs(graph.model, sweeps, measure, dataset.size);
  return {
    async openClean(model, outputs = []) {
      if (hasTargets) return this.open(model, outputs);
      const session = await sweeps.open(prune(model, [...new Set([measure.value, ...outputs])]));
      return {
        async loss({ feeds, fold } = {}) {
          const counts: number[] = [];
          await sweeps.run({
            session,
            ...(feeds === undefined ? {} : { feeds }),
            async fold(batch, values) {
              reference.keep(batch, values[measure.value]);
              for (const index of batch.indices) counts.push(await countOf(dataset, measure, index));
              await fold?.(batch, values);
            },
          });
          return { sums: new Float64Array(counts.length), counts: Float64Array.from(counts) };
        },
        release: () => session.release(),
      };
    },
    async open(model, outputs = []) {
      const loss = writeLoss(model, measure);
      const own = [...loss.outputs, ...(loss.best === undefined ? [] : [loss.best])];
      const session = await sweeps.open(prune(loss.model, [...new Set([...own, ...outputs])]));
      return {
        async loss({ feeds, fold } = {}) {
          const totals = accumulate(dataset, measure);
          await sweeps.run({
            session,
            async feeds(batch) {
              const more = (await feeds?.(batch)) ?? {};
              if (!hasTargets) return { ...more, [LOSS_INPUTS.clean]: await reference.of(batch) };
              return { ...more, [LOSS_INPUTS.places]: await targetPlaces(dataset, measure, batch) };
            },
            async fold(batch, values) {
              await totals.add(
                batch,
                loss.outputs.map((name) => numbersOf(values, name)),
                values[loss.best ?? ''],
              );
              await fold?.(batch, values);
            },
          });
          return totals.finish();
        },
        release: () => session.release(),
      };
    },
    release: () => reference.release(),
  };
}

interface CleanOutputs {
  keep(batch: SweptBatch, output: Tensor | undefined): void;
  of(batch: SweptBatch): Promise<Tensor>;
  release(): Promise<void>;
}

function cleanOutputs(model: ModelProto, sweeps: Sweeps, { value, dims }: LossMeasure, inputs: number): CleanOutputs {
  const kept = new Map<number, Tensor>();
  const keeps = elementCount(dims) * 4 * inputs <= KEPT_BYTES;
  const keep = (start: number, output: Tensor): void => {
    if (keeps) kept.set(start, output);
  };
  let session: Promise<Session> | undefined;
  return {
    keep(batch, output) {
      if (output !== undefined) keep(batch.start, output);
    },
    async of({ start, feeds }) {
      const known = kept.get(start);
      if (known !== undefined) return known;
      session ??= sweeps.open(prune(model, [value]));
      const opened = await session;
      const output = (await opened.run(usedFeeds(opened, feeds)))[value];
      if (output === undefined) throw problem('engine-failed', `The engine gave nothing for “${value}”.`);
      keep(start, output);
      return output;
    },
    async release() {
      kept.clear();
      await (await session?.catch(() => undefined))?.release();
    },
  };
}

/** Flat places of the targets among the scores of a run; rows without a target, padding among them, read place 0. */
async function targetPlaces(dataset: Dataset, measure: LossMeasure, { indices }: SweptBatch): Promise<Tensor> {
  const { dims, positions } = measure;
  const classes = dims.at(-1) ?? 1;
  // A graph that fixes its batch gets padding rows.
  const examples = Number.isFinite(dataset.maximumBatch) ? dataset.maximumBatch : indices.length;
  const places = new BigInt64Array(examples * positions);
  for (const [row, index] of indices.entries()) {
    const targets = await targetsOf(dataset, measure, index);
    targets.forEach((target, position) => {
      const place = row * positions + position;
      if (target >= 0) places[place] = BigInt(place * classes + target);
    });
  }
  return { type: 'int64', dims: [places.length], data: places };
}

/** By position; −1 where none is known. */
async function targetsOf(dataset: Dataset, { kind, dims, positions }: LossMeasure, index: number): Promise<Int32Array> {
  const { nextTokens, classIndex = -1 } = await dataset.targets(index);
  const known = (target: number): number => (target < (dims.at(-1) ?? 0) ? target : -1);
  if (kind === 'class') return Int32Array.of(known(classIndex));
  const none = new Int32Array(positions).fill(-1);
  if (positions === 1 && nextTokens !== undefined) return Int32Array.of(known(nextTokens.at(-1) ?? -1));
  return nextTokens?.length === positions ? nextTokens.map(known) : none;
}

/** Positions of an example that hold something: the rest is padding. */
async function countOf(dataset: Dataset, { kind, positions }: LossMeasure, index: number): Promise<number> {
  if (kind === 'relative-change' || positions === 1) return 1;
  const { filled = positions } = await dataset.targets(index);
  return Math.min(filled, positions);
}

interface Accumulating {
  add(batch: SweptBatch, losses: readonly Float32Array[], best: Tensor | undefined): Promise<void>;
  finish(): LossTotals;
}

function accumulate(dataset: Dataset, measure: LossMeasure): Accumulating {
  const { kind, positions } = measure;
  const [sums, counts, correct]: [number[], number[], number[]] = [[], [], []];
  const hasTargets = kind === 'next-token' || kind === 'class';
  return {
    async add({ indices }, [losses = new Float32Array(), clean], best) {
      for (const [row, index] of indices.entries()) {
        if (kind === 'relative-change') {
          const [moved = NaN, norm = NaN] = [losses[row], clean?.[row]];
          // An output that is zero and stays so has not moved.
          sums.push(moved === 0 ? 0 : Math.sqrt(moved / norm));
          counts.push(1);
          continue;
        }
        const targets = hasTargets ? await targetsOf(dataset, measure, index) : undefined;
        const counted = hasTargets ? positions : await countOf(dataset, measure, index);
        let [sum, known, right] = [0, 0, 0];
        for (let position = 0; position < counted; position++) {
          const target = targets?.[position];
          if (target !== undefined && target < 0) continue;
          sum += losses[row * positions + position] ?? NaN;
          known++;
          if (target !== undefined && Number(best?.data[row * positions + position]) === target) right++;
        }
        sums.push(sum);
        counts.push(known);
        correct.push(right);
      }
    },
    finish: () => ({
      sums: Float64Array.from(sums),
      counts: Float64Array.from(counts),
      ...(hasTargets ? { correct: Float64Array.from(correct) } : {}),
    }),
  };
}
