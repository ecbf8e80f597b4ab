/** Other ways to choose what is skipped, beside CETT: one point of loss for each (methods C2, C3, C4, C1). */
import { countBelow } from './ascending.js';
import type { CalibratedLayer } from './calibrate.js';
import { LEAST_POSITIVE, quantileOf } from './cett.js';
import type { Criterion } from './mask-graph.js';

export interface Baseline {
  /** A line of the chart. */
  readonly metric: string;
  readonly criterion: Criterion;
  /** "50 %", "k = 96", "ε = 0.13". */
  readonly setting: string;
  /** One per layer, as {@link Criterion} takes them. */
  readonly levels: readonly number[];
}

/** Shares that FAT-ε (of the activations that are not 0) and top-k (of each layer) skip. */
const SHARES = [0.3, 0.5, 0.7, 0.8, 0.9];
/** Shares of each layer that CATS cuts (methods C3). */
const CATS_SHARES = [0.5, 0.7, 0.9];
/** Shares of the activations above 0 that a shifted ReLU takes away (methods C1). */
const SHIFT_SHARES = [0.1, 0.25, 0.5, 0.75];
/** Thresholds T of a FATReLU in the place of a smooth function, for all layers; at 0 it is a plain ReLU (methods C1, C4). */
const FAT_THRESHOLDS = [0, 0.1, 0.25, 0.5];

const significant = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const inPercent = (share: number): string => `${Math.round(share * 100)} %`;

export function baselines(layers: readonly CalibratedLayer[]): readonly Baseline[] {
  const isRectified = layers.every(({ layer }) => layer.isRectifier);
  const isGated = layers.every(({ layer }) => layer.block?.gate !== undefined);
  const fat = isRectified ? 'FATReLU: one threshold for all layers' : 'FAT-ε: one threshold for all layers';
  const cats = isGated ? 'CATS: one share of every layer’s gates' : 'One share of every layer (as CATS, without gates)';
  return [
    ...SHARES.map((share): Baseline => {
      const epsilon = commonThreshold(layers, share);
      return {
        metric: fat,
        criterion: 'activation',
        setting: `ε = ${significant.format(epsilon)}`,
        levels: layers.map(() => epsilon),
      };
    }),
    ...CATS_SHARES.map((share): Baseline => ({
      metric: cats,
      criterion: 'activation',
      setting: `k = ${inPercent(share)}`,
      // CATS cuts what is not above its threshold, the others what is below theirs.
      levels: layers.map(({ activations }) => nextAbove(quantileOf(activations, share))),
    })),
    ...SHARES.map((share): Baseline => ({
      metric: 'Top-k: the same share of every layer is kept at every site',
      criterion: 'top',
      setting: `${inPercent(1 - share)} kept`,
      levels: layers.map(({ layer }) => Math.max(1, Math.round((1 - share) * layer.neurons))),
    })),
    ...(isRectified
      ? SHIFT_SHARES.map((share): Baseline => {
          const levels = layers.map(({ activations }) => quantileOf(nonZero(activations), share));
          return {
            metric: 'Shifted ReLU: max(z − b, 0)',
            criterion: 'shift',
            setting: `${inPercent(share)} of what fires`,
            levels,
          };
        })
      : []),
    ...(layers.every(({ layer }) => layer.before !== undefined)
      ? FAT_THRESHOLDS.map((threshold): Baseline => ({
          metric: 'FATReLU in the function’s place: z where z > T, else 0, not trained anew',
          criterion: 'rectified',
          setting: threshold === 0 ? 'T = 0 (ReLU)' : `T = ${significant.format(threshold)}`,
          levels: layers.map(() => threshold),
        }))
      : []),
  ];
}

/** One threshold below which this share of all sampled activations lies that are not exactly 0. */
export function commonThreshold(layers: readonly Pick<CalibratedLayer, 'activations'>[], share: number): number {
  const firing = layers.map(({ activations }) => nonZero(activations));
  const total = firing.reduce((sum, { length }) => sum + length, 0);
  let low = 0;
  let high = firing.reduce((most, values) => Math.max(most, values.at(-1) ?? 0), LEAST_POSITIVE);
  // Halving ends where no float32 lies between.
  for (let step = 0; step < HALVINGS; step++) {
    const middle = Math.fround((low + high) / 2);
    if (middle <= low || middle >= high) break;
    const below = firing.reduce((sum, values) => sum + countBelow(values, middle), 0);
    if (below < share * total) low = middle;
    else high = middle;
  }
  return high;
}

/** More than there are float32 exponents and digits. */
const HALVINGS = 400;

function nonZero(ascending: Float32Array): Float32Array {
  return ascending.subarray(countBelow(ascending, LEAST_POSITIVE));
}

const bits = new DataView(new ArrayBuffer(4));

/** The float32 after a number that is not negative. */
function nextAbove(value: number): number {
  bits.setFloat32(0, value);
  bits.setUint32(0, bits.getUint32(0) + 1);
  return Math.max(bits.getFloat32(0), LEAST_POSITIVE);
}
