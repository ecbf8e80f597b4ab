/**
 * What would feed a feature or an output by weights alone (formats section 4, items 1 and 8): tokens by W_E v
 * (de-embedding) and features of earlier layers by W_dec v (pulled-back features), with v the target's direction in the
 * residual stream; the same behind the heads that can feed it most, by |W_V W_O v|. The same on every input: it leaves out
 * attention patterns, other MLPs and normalisations between, and does not know whether features ever fire together.
 */
import { breather } from '../../breathe.js';
import { throwIfCancelled } from '../../errors.js';
import type { SystemModel } from '../../linear/system-graphs.js';
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { findEmbeddings } from '../../graph/roles/embedding.js';
import { graphWriter } from '../../rewrite/graph-writer.js';
import { prune } from '../../rewrite/prune.js';
import { floatsOf } from '../../tensor/floats.js';
import type { CircuitCoder } from '../circuit-coder.js';
import type { LeftAttention } from './cut-heads.js';
import { behindHeads } from './head-matrices.js';
import type { LayerAttention } from '../placing.js';
import type { ReplacementModel } from '../replacement-model.js';

export interface WeightedToken {
  readonly token: number;
  readonly weight: number;
}

export interface WeightedFeature {
  /** In the list of layers with an MLP. */
  readonly place: number;
  readonly feature: number;
  readonly weight: number;
}

/** What a direction is fed by: the largest weights first, then the smallest first. */
export interface FedBy {
  readonly tokens: readonly [most: readonly WeightedToken[], least: readonly WeightedToken[]];
  readonly features: readonly [most: readonly WeightedFeature[], least: readonly WeightedFeature[]];
}

export interface ByWeights extends FedBy {
  /** The largest |W_V W_O v| first. */
  readonly heads: readonly (FedBy & { readonly layer: number; readonly head: number; readonly norm: number })[];
  readonly left: readonly LeftAttention[];
}

export interface ByWeightsRequest {
  readonly model: SystemModel;
  readonly replacement: Pick<ReplacementModel, 'shapes' | 'positions'>;
  /** By layer with an MLP. */
  readonly coders: readonly CircuitCoder[];
  /** Layers whose MLPs, and whose attention, come before the target: in the lists of each. */
  readonly layersBefore: number;
  readonly attention: readonly LayerAttention[];
  /** For each of the attention: how many layers with an MLP come before it. */
  readonly beforeAttention: (attention: LayerAttention) => number;
  /** v. */
  readonly direction: Float32Array;
  readonly signal?: AbortSignal;
}

/** Of each list, and of heads. */
export const WEIGHTS_SHOWN = 8;
export const HEADS_BY_WEIGHTS = 6;
/** Rows of a decoder that are held at once. */
const ROWS_AT_ONCE = 4096;

/** @throws ProblemError as reading weights and engines do; CancelledError. */
export async function byWeights(request: ByWeightsRequest): Promise<ByWeights> {
  const { model, replacement, coders, layersBefore, attention, beforeAttention, direction, signal } = request;
  const { shapes, positions } = replacement;
  const behind = await behindHeads(model, shapes, positions, attention, direction, signal);
  const heads = behind.heads.slice(0, HEADS_BY_WEIGHTS);
  const layerOf = (layer: number): LayerAttention | undefined => attention.find((each) => each.layer === layer);
  const directions = [
    { direction, before: layersBefore },
    ...heads.map(({ direction: u, layer }) => {
      const own = layerOf(layer);
      return { direction: u, before: own === undefined ? 0 : beforeAttention(own) };
    }),
  ];
  const tokens = await tokensOf(
    model,
    directions.map((each) => each.direction),
    signal,
  );
  const features = await featuresOf(coders, directions, signal);
  const fed = (at: number): FedBy => ({
    tokens: tokens[at] ?? [[], []],
    features: features[at] ?? [[], []],
  });
  return {
    ...fed(0),
    heads: heads.map(({ layer, head, norm }, at) => ({ layer, head, norm, ...fed(at + 1) })),
    left: behind.left,
  };
}

/** W_E u of several u, for the table that tokens are looked up in; nothing where it is not as wide. */
async function tokensOf(
  { prepared, engine, threads, toRunnable }: SystemModel,
  directions: readonly Float32Array[],
  signal: AbortSignal | undefined,
): Promise<readonly FedBy['tokens'][]> {
  const table = findEmbeddings(prepared).find(({ kind }) => kind === 'token')?.table ?? '';
  const shape = prepared.valueInfo(table)?.shape;
  const [width] = directions.map(({ length }) => length);
  if (width === undefined || shape?.at(-1) !== width || directions.some(({ length }) => length !== width)) return [];
  const writer = graphWriter(prepared.model);
  const input = writer.input('directions', DataType.FLOAT, [width, 'directions']);
  const output = writer.node('MatMul', [writer.castToFloat(table), input]);
  const session = await engine.open(toRunnable(prune(writer.extend(prepared.model), [output])), { threads });
  try {
    throwIfCancelled(signal);
    const count = directions.length;
    const columns = new Float32Array(width * count);
    directions.forEach((each, at) => each.forEach((value, k) => (columns[k * count + at] = value)));
    const found = (await session.run({ [input]: { type: 'float32', dims: [width, count], data: columns } }))[output];
    if (found === undefined) throw new Error('The engine gave no weights of tokens.');
    const weights = floatsOf(found);
    return directions.map((_, at) => {
      const ends = keepEnds<WeightedToken>();
      for (let token = 0; token < weights.length / count; token++)
        ends.add({ token, weight: weights[token * count + at] as number });
      return ends.finish();
    });
  } finally {
    await session.release();
  }
}

/** W_dec u over all features of the layers before, read in parts. */
async function featuresOf(
  coders: readonly CircuitCoder[],
  directions: readonly { readonly direction: Float32Array; readonly before: number }[],
  signal: AbortSignal | undefined,
): Promise<readonly FedBy['features'][]> {
  const ends = directions.map(() => keepEnds<WeightedFeature>());
  const rest = breather(signal);
  for (const [place, coder] of coders.entries()) {
    const wanted = directions.flatMap(({ before }, at) => (place < before ? [at] : []));
    for (let first = 0; wanted.length > 0 && first < coder.features; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, coder.features - first);
      const rows = await coder.decoderRows(Array.from({ length: count }, (_, at) => first + at));
      const width = rows.length / count;
      for (const at of wanted) {
        await rest();
        const { direction } = directions[at] as (typeof directions)[number];
        if (direction.length !== width) continue;
        for (let row = 0; row < count; row++) {
          let weight = 0;
          for (let k = 0; k < width; k++) weight += (rows[row * width + k] as number) * (direction[k] as number);
          ends[at]?.add({ place, feature: first + row, weight });
        }
      }
    }
  }
  return ends.map((each) => each.finish());
}

/** The largest and the smallest of a stream; of two that are as large the first. */
function keepEnds<T extends { readonly weight: number }>(): {
  add(each: T): void;
  finish(): readonly [readonly T[], readonly T[]];
} {
  const [most, least]: [T[], T[]] = [[], []];
  const insert = (list: T[], each: T, isBefore: (a: number, b: number) => boolean): void => {
    const last = list[WEIGHTS_SHOWN - 1];
    if (last !== undefined && !isBefore(each.weight, last.weight)) return;
    const at = list.findIndex(({ weight }) => isBefore(each.weight, weight));
    list.splice(at < 0 ? list.length : at, 0, each);
    list.length = Math.min(list.length, WEIGHTS_SHOWN);
  };
  return {
    add(each) {
      if (each.weight > 0) insert(most, each, (a, b) => a > b);
      else if (each.weight < 0) insert(least, each, (a, b) => a < b);
    },
    finish: () => [most, least],
  };
}
