/**
 * The attribution graph of one input (formats 3.5, methods B2): which tokens, features of earlier transcoders and errors
 * make up each feature and the outputs. An edge is the source's activation times its decoder's product with the target's
 * row of the local replacement model; with the biases they sum to the target exactly, because nothing else is there.
 */
import { breathe } from '../breathe.js';
import { problem, throwIfCancelled } from '../errors.js';
import type { CircuitCoder } from './circuit-coder.js';
import { assemble } from './assemble.js';
import type { EdgeMatrix } from './edge-matrix.js';
import type { OutputTarget } from './output-targets.js';
import { rankFeatures, type Row } from './rank.js';
import type { ReplacementModel, ReplacementSites } from './replacement-model.js';
import { contributions, writtenBy, type Feature } from './written.js';
import { tokenNumber } from '../told-numbers.js';

export type CircuitNode =
  | { readonly kind: 'token'; readonly position: number }
  | {
      readonly kind: 'feature';
      /** L of “blocks.L”. */
      readonly layer: number;
      readonly position: number;
      readonly feature: number;
      readonly activation: number;
    }
  | { readonly kind: 'error'; readonly layer: number; readonly position: number }
  | { readonly kind: 'output'; readonly target: OutputTarget };

export interface AttributionGraph {
  /** A source stands before its targets. */
  readonly nodes: readonly CircuitNode[];
  readonly edges: EdgeMatrix;
  /** By node: what a feature's pre-activation or an output is, as computed by the coder or the model. 0 for other nodes. */
  readonly values: Float64Array;
  /** By node: what biases, encoders' and decoders' among them, add. */
  readonly biases: Float64Array;
  /** By node: what features add that are active but no nodes, beyond the limit. */
  readonly left: Float64Array;
  /** Features that are active, at any token. */
  readonly active: number;
  /** Of these, those that are no nodes. */
  readonly leftOut: number;
  /** By layer, [positions, width]: what its MLP wrote and its transcoder does not. */
  readonly errors: readonly Float32Array[];
  /** By node: weight as an output. */
  readonly outputs: Float64Array;
  /**
   * The completeness identity: the largest |value − (edges + biases + left out)| over all targets, relative to the sum of
   * sizes (tolerance 1e-4 in float32, methods section 0).
   */
  readonly residual: number;
}

export interface FeaturePlace {
  /** In the list of layers with an MLP. */
  readonly layer: number;
  readonly position: number;
  readonly feature: number;
}

export interface AttributionRequest {
  readonly replacement: ReplacementModel;
  readonly sites: ReplacementSites;
  /** By layer, as the sites. */
  readonly coders: readonly CircuitCoder[];
  readonly targets: readonly OutputTarget[];
  /** A feature that is the target, instead of outputs or beside them. */
  readonly feature?: FeaturePlace;
  /** Positions that hold tokens, the first ones: features at padding are none. All where absent. */
  readonly filled?: number;
  /** Features that may be nodes; those with most influence are. */
  readonly maximumFeatures: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, planned: number) => void;
}

/** Directions of one run. */
const AT_ONCE = 64;
/** Features whose rows are read between two rankings, as a share of what is allowed. */
const RANKED_SHARE = 0.125;

/** @throws ProblemError `not-applicable` for a target feature that is not active; as the engine does; CancelledError. */
export async function attributionGraph(request: AttributionRequest): Promise<AttributionGraph> {
  const { replacement, sites, coders, targets, maximumFeatures, signal, onProgress } = request;
  const { positions } = replacement;
  const written = await writtenBy(replacement, sites, coders, request.filled ?? positions, signal);
  const { features } = written;
  const root = request.feature === undefined ? undefined : indexOf(request.feature, features);
  const allowed = Math.min(maximumFeatures, features.length);
  const planned = targets.length + allowed;
  let done = 0;

  const rowsOf = async (reader: string, wanted: readonly Wanted[]): Promise<Row[]> => {
    const rows: Row[] = [];
    for (let start = 0; start < wanted.length; start += AT_ONCE) {
      throwIfCancelled(signal);
      const batch = wanted.slice(start, start + AT_ONCE);
      const width = replacement.width(reader);
      const directions = new Float32Array(batch.length * positions * width);
      batch.forEach(({ position, direction }, at) => directions.set(direction, (at * positions + position) * width));
      const pulled = await replacement.pull(reader, directions);
      batch.forEach(({ offset, value }, at) => {
        const parts = contributions(pulled.rows, at, written, replacement, sites);
        rows.push({ ...parts, biases: parts.decoderBiases + (pulled.biases[at] as number) + offset, value });
      });
      done += batch.length;
      onProgress?.(done, planned);
      await breathe();
    }
    return rows;
  };

  const outputRows = await rowsOf(
    sites.logits,
    targets.map(({ position, direction, value }) => ({ position, direction, offset: 0, value })),
  );
  const featureRows = new Map<number, Row>();
  const outputWeights = targets.map(({ weight }) => weight);
  while (featureRows.size < allowed) {
    // Where all have room, their order does not matter, and each reader is opened once.
    const next =
      allowed === features.length && root === undefined
        ? [...features.keys()]
        : (await rankFeatures(written, featureRows, outputRows, outputWeights, root, signal)).slice(
            0,
            Math.min(allowed - featureRows.size, Math.max(AT_ONCE, Math.ceil(allowed * RANKED_SHARE))),
          );
    if (next.length === 0) break;
    for (const [layer, chosen] of byLayer(next, features)) {
      const site = sites.layers[layer];
      const coder = coders[layer];
      if (site === undefined || coder === undefined) throw new Error(`There is no layer ${layer}.`);
      const { rows: directions, offsets } = await coder.encoderRows(
        chosen.map((index) => (features[index] as Feature).feature),
      );
      const width = replacement.width(site.reads);
      const rows = await rowsOf(
        site.reads,
        chosen.map((index, at) => {
          const { position, preActivation } = features[index] as Feature;
          return {
            position,
            direction: directions.subarray(at * width, (at + 1) * width),
            offset: offsets[at] as number,
            value: preActivation,
          };
        }),
      );
      rows.forEach((row, at) => featureRows.set(chosen[at] as number, row));
    }
  }
  onProgress?.(planned, planned);
  return assemble({ positions, written, featureRows, outputRows, targets, root }, signal);
}

function indexOf({ layer, position, feature }: FeaturePlace, features: readonly Feature[]): number {
  const found = features.findIndex(
    (each) => each.layer === layer && each.position === position && each.feature === feature,
  );
  if (found >= 0) return found;
  throw problem('not-applicable', `Feature ${feature} of that layer is not active at token ${tokenNumber(position)}.`, {
    remedy: 'Choose a token at which it is active: only then does anything make it up.',
  });
}

function byLayer(indices: readonly number[], features: readonly Feature[]): ReadonlyMap<number, readonly number[]> {
  const layers = new Map<number, number[]>();
  for (const index of indices) {
    const { layer } = features[index] as Feature;
    const chosen = layers.get(layer);
    if (chosen === undefined) layers.set(layer, [index]);
    else chosen.push(index);
  }
  return layers;
}

interface Wanted {
  readonly position: number;
  readonly direction: Float32Array;
  readonly offset: number;
  readonly value: number;
}
