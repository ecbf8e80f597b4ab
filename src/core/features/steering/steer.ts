/**
 * A network with features of a dictionary changed at some positions: x′ = x + Σ (a′ − a) W_dec where the dictionary
 * writes, with whatever it leaves unexplained kept (formats 3.5). Three graphs that an engine runs: the network up to what
 * the dictionary reads, the dictionary’s change, and the whole network with the changed value put in. Positions without
 * a change are left as the network computed them, bit by bit.
 */
import type { Batch } from '../../dataset/dataset.js';
import { readRows } from '../../dictionary/feature-matrix.js';
import { totalWidth } from '../../dictionary/coder.js';
import { CODER_INPUT } from '../../dictionary/graphs/coder-model.js';
import { STEERING_INPUTS, STEERING_OUTPUTS, steeringModel } from '../../dictionary/graphs/steering-model.js';
import { rowsOfRun } from '../../dataset/rows-of-run.js';
import { isPadding, tokensWithin, widthAxis, type Layout, type PlacesTold } from '../../dictionary/attach/layout.js';
import type { Session } from '../../engine/engine.js';
import { usedFeeds } from '../../engine/used-feeds.js';
import { problem } from '../../errors.js';
import { numbersOf } from '../../experiment/sweeps.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { prune } from '../../rewrite/prune.js';
import { noPatch, patchValues, type Patch, type Patched } from '../../rewrite/splice.js';
import { floatsOf } from '../../tensor/floats.js';
import { elementCount, type NamedTensors, type Tensor } from '../../tensor/tensor.js';
import { rowsOf, valuesRead, type AttachedDictionary } from '../attached.js';
import type { Change } from './interventions.js';

export type Positions = 'all' | readonly number[];

/** Scores of the one example of a run: one row for each token, or a single one of a classifier. */
export interface Scores {
  readonly rows: number;
  row(at: number): Float32Array;
}

export interface SteeredRun {
  /** Of the input, padding left out. */
  readonly tokens: number;
  /** That the dictionary reads: as many, or one for each head and token, and how they lie. */
  readonly places: number;
  readonly layout: Layout;
  /** Row-major [places, changed features]: a and a′; equal where nothing is changed. */
  readonly before: Float32Array;
  readonly after: Float32Array;
  readonly scores: Scores;
}

export interface Steering {
  /** Of the network as it is: nothing is put in. @param batch of one example. */
  clean(batch: Batch): Promise<Scores>;
  steered(batch: Batch, changes: readonly Change[], positions: Positions): Promise<SteeredRun>;
  /** By token, what undoing the dictionary’s normalisation multiplies what is written with. */
  gain(batch: Batch): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Numbers of features that are held at once. */
const TILE_NUMBERS = 8 * 2 ** 20;

/** @param scores value of the network whose last axis holds scores. @throws ProblemError as engines and reading do. */
export async function openSteering(
  { engine, threads, toRunnable, dataset }: ExperimentSubject,
  attached: AttachedDictionary,
  scores: string,
): Promise<Steering> {
  const { coder, file, folder, model, writes, told } = attached;
  const opened: Session[] = [];
  const open = async (runnable: Parameters<typeof engine.open>[0]): Promise<Session> => {
    const session = await engine.open(runnable, { threads });
    opened.push(session);
    return session;
  };
  const release = async (): Promise<void> => {
    for (const session of opened.splice(0)) await session.release();
  };
  let whole: { readonly session: Session; readonly patched: Patched; readonly patch: Patch } | undefined;
  try {
    const upstream = await open(toRunnable(prune(model, valuesRead(attached))));
    const dictionary = await open(await steeringModel(coder, file, folder));

    const upTo = async (batch: Batch): Promise<NamedTensors> => upstream.run(usedFeeds(upstream, batch.feeds));
    const rankOf = (value: Tensor | undefined): number => value?.dims.length ?? 0;
    /** Opened when the rank of the value is known. */
    const network = async (rank: number): Promise<NonNullable<typeof whole>> => {
      if (whole !== undefined) return whole;
      const patched = patchValues(model, [{ value: writes, type: DataType.FLOAT, rank }]);
      const patch = patched.patches.get(writes);
      if (patch === undefined) throw new Error(`“${writes}” was not patched.`);
      whole = { session: await open(toRunnable(prune(patched.model, [scores]))), patched, patch };
      return whole;
    };
    const run = async (batch: Batch, rank: number, put: Readonly<Record<keyof Patch, Tensor>>): Promise<Scores> => {
      const { session, patched, patch } = await network(rank);
      const feeds = { ...patched.feeds(batch.feeds), [patch.values]: put.values, [patch.mask]: put.mask };
      const found = (await session.run(usedFeeds(session, feeds)))[scores];
      return scoresOf(found, scores, rowsOfRun(dataset, batch));
    };

    return {
      release,
      async clean(batch) {
        const rank = rankOf((await upTo(batch))[writes]);
        return run(batch, rank, noPatch({ type: DataType.FLOAT, rank }));
      },
      async steered(batch, changes, positions) {
        const values = await upTo(batch);
        const examples = rowsOfRun(dataset, batch);
        const { x, wanted } = rowsOf(values, attached, examples);
        if (x.positions !== wanted.positions) throw unlike(x.positions, wanted.positions);
        if (values[writes]?.type !== 'float32') throw notSingle(writes);
        const { layout } = x;
        const filled = batch.filled?.[0];
        const places = x.upToPadding(filled);
        const isMeant = (at: number): boolean =>
          (positions === 'all' || positions.includes(at)) && !isPadding(at, layout, filled);
        const { before, after, change } = await changed(x.rows(0, places), places, changes, isMeant);
        const put = patchOf(values[writes] as Tensor, change, totalWidth(coder.writes), told?.writes ?? {});
        const tokens = tokensWithin(places, layout);
        return { tokens, places, layout, before, after, scores: await run(batch, rankOf(values[writes]), put) };
      },
      async gain(batch) {
        const { x } = rowsOf(await upTo(batch), attached, rowsOfRun(dataset, batch));
        const tokens = x.upToPadding(batch.filled?.[0]);
        if (coder.normalisation.kind === 'none') return new Float32Array(tokens).fill(1);
        return (await changed(x.rows(0, tokens), tokens, [{ feature: 0, less: 0, put: 0 }], () => true)).gain;
      },
    };

    async function changed(
      rows: Float32Array,
      tokens: number,
      changes: readonly Change[],
      isMeant: (position: number) => boolean,
    ): Promise<Record<'before' | 'after' | 'change' | 'gain', Float32Array>> {
      const [count, wide, deep] = [changes.length, totalWidth(coder.writes), totalWidth(coder.reads)];
      const result = {
        before: new Float32Array(tokens * count),
        after: new Float32Array(tokens * count),
        change: new Float32Array(tokens * wide),
        gain: new Float32Array(tokens),
      };
      if (count === 0) return result;
      const directions = new Float32Array(count * wide);
      for (const [at, { feature }] of changes.entries())
        directions.set(await readRows(coder.decoder, feature, 1), at * wide);
      const float = (dims: readonly number[], data: Float32Array): Tensor => ({ type: 'float32', dims, data });
      const most = Math.max(1, Math.floor(TILE_NUMBERS / coder.features));
      for (let first = 0; first < tokens; first += most) {
        const some = Math.min(most, tokens - first);
        const perFeature = (of: (change: Change) => number): Tensor =>
          float(
            [some, count],
            Float32Array.from({ length: some * count }, (_, at) =>
              isMeant(first + Math.floor(at / count)) ? of(changes[at % count] as Change) : 0,
            ),
          );
        const found = await dictionary.run({
          [CODER_INPUT]: float([some, deep], rows.slice(first * deep, (first + some) * deep)),
          [STEERING_INPUTS.chosen]: {
            type: 'int64',
            dims: [count],
            data: BigInt64Array.from(changes, ({ feature }) => BigInt(feature)),
          },
          [STEERING_INPUTS.directions]: float([count, wide], directions),
          [STEERING_INPUTS.less]: perFeature(({ less }) => less),
          [STEERING_INPUTS.put]: perFeature(({ put }) => put),
        });
        result.before.set(numbersOf(found, STEERING_OUTPUTS.before), first * count);
        result.after.set(numbersOf(found, STEERING_OUTPUTS.after), first * count);
        result.change.set(numbersOf(found, STEERING_OUTPUTS.change), first * wide);
        result.gain.set(numbersOf(found, STEERING_OUTPUTS.gain), first);
      }
      return result;
    }
  } catch (error) {
    await release();
    throw error;
  }
}

/** x + Δ where Δ is not 0 throughout a position of the first example; elsewhere what the network computes. */
function patchOf(
  { dims, data }: Tensor,
  change: Float32Array,
  width: number,
  told: PlacesTold,
): Readonly<Record<keyof Patch, Tensor>> {
  const values = (data as Float32Array).slice();
  const mask = new Uint8Array(values.length / width);
  const isChannels = widthAxis(dims, width, told) === 'channels';
  const widthAt = isChannels ? 1 : dims.length - 1;
  const cells = change.length / width;
  for (let at = 0; at < change.length; at++) {
    if (change[at] === 0) continue;
    const [row, axis] = [Math.floor(at / width), at % width];
    mask[row] = 1;
    const own = isChannels ? axis * cells + row : at;
    values[own] = (values[own] as number) + (change[at] as number);
  }
  return {
    values: { type: 'float32', dims, data: values },
    mask: { type: 'bool', dims: dims.map((size, axis) => (axis === widthAt ? 1 : size)), data: mask },
  };
}

function scoresOf(tensor: Tensor | undefined, name: string, examples: number): Scores {
  if (tensor === undefined) throw problem('engine-failed', `The engine gave no numbers for “${name}”.`);
  const numbers = floatsOf(tensor);
  const classes = tensor.dims.at(-1) ?? 0;
  const rows = elementCount(tensor.dims) / Math.max(1, classes) / examples;
  if (!Number.isInteger(rows) || rows < 1 || classes < 2) {
    throw problem('not-applicable', `“${name}” is ${tensor.dims.join(' × ')}: it holds no scores to choose from.`, {
      place: `value “${name}”`,
    });
  }
  return { rows, row: (at) => numbers.subarray(at * classes, (at + 1) * classes) };
}

function notSingle(writes: string): Error {
  return problem('not-applicable', `“${writes}” is not in float32: nothing is put in its place.`, {
    place: `value “${writes}”`,
    remedy: 'Open the model in single precision.',
  });
}

function unlike(reads: number, writes: number): Error {
  return problem('not-applicable', `The dictionary reads ${reads} rows of an input but is to write ${writes}.`, {
    remedy: 'Attach it to values that have a row for each place.',
  });
}
