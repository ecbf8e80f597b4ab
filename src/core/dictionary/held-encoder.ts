/**
 * What one feature reads of one row as a linear function, with what the row itself decides held: the factor of its
 * normalisation, and the gate of a gated linear unit. What the value of a feature is made up of is read along it.
 */
import type { Coder, Vector } from './coder.js';
import { readVector } from './facts.js';
import { readRows } from './feature-matrix.js';
import { SMALLEST_NORM, STANDARD_DEVIATION_EPSILON } from './graphs/normalise.js';
import { soloCoder } from './solo-coder.js';

/** preActivation = ⟨direction, row⟩ + constant. */
export interface HeldRow {
  /** As wide as what the dictionary reads. */
  readonly direction: Float32Array;
  readonly constant: number;
  /** What goes into the activation function, computed by the coder's equation as it stands, not by the line above. */
  readonly preActivation: number;
}

/** @param row as the dictionary reads it, before its own normalisation. */
export type HeldEncoder = (row: Float32Array) => HeldRow;

/**
 * Of features that are scaled by the norms of their decoder, before they are; where that is what features are, after.
 * @throws ProblemError as reading weights does; RangeError for a feature that there is not.
 */
export async function heldEncoder(coder: Coder, feature: number): Promise<HeldEncoder> {
  const solo = await soloCoder(coder, feature);
  const weights = await readRows(solo.encoder, 0, 1);
  const subtracted = await numbersOf(solo.subtracted);
  const bias = (await numbersOf(solo.encoderBias))?.[0] ?? 0;
  const gate =
    solo.glu === undefined
      ? undefined
      : { weights: await readRows(solo.glu.encoder, 0, 1), bias: (await numbersOf(solo.glu.bias))?.[0] ?? 0 };
  const { factor, shift } = await behindEncoder(solo);
  const normalise = await normalisationOf(coder);
  return (row) => {
    const { scale, centre, isMeanTaken } = normalise(row);
    const read = Float64Array.from(row, (x, k) => (x - centre(k)) * scale(k) - (subtracted?.[k] ?? 0));
    const opened = gate === undefined ? 1 : 1 / (1 + Math.exp(-(dot(gate.weights, read) + gate.bias)));
    const all = factor * opened;
    const scaled = Float64Array.from(weights, (weight, k) => all * weight * scale(k));
    const mean = isMeanTaken ? sum(scaled) / scaled.length : 0;
    const taken = Float64Array.from(
      weights,
      (weight, k) => weight * ((subtracted?.[k] ?? 0) + (isMeanTaken ? 0 : centre(k) * scale(k))),
    );
    return {
      direction: Float32Array.from(scaled, (each) => each - mean),
      constant: all * (bias - sum(taken)) + shift,
      preActivation: all * (dot(weights, read) + bias) + shift,
    };
  };
}

/** What the encoder's product is multiplied with and gets added before the activation function. */
async function behindEncoder({ activation, decoder, decoderNorm, writes }: Coder): Promise<{
  readonly factor: number;
  readonly shift: number;
}> {
  if (activation.kind === 'gated') {
    const [scale = 0] = (await numbersOf(activation.magnitudeScale)) ?? [];
    const [shift = 0] = (await numbersOf(activation.magnitudeBias)) ?? [];
    return { factor: Math.exp(scale), shift };
  }
  if (decoderNorm.use !== 'scales') return { factor: 1, shift: 0 };
  const row = await readRows(decoder, 0, 1);
  const places = decoderNorm.over === 'each place' ? writes.places : 1;
  const width = row.length / places;
  const norms = Array.from({ length: places }, (_, place) => norm(row.subarray(place * width, (place + 1) * width)));
  return { factor: Math.max(sum(norms), SMALLEST_NORM), shift: 0 };
}

interface HeldNormalisation {
  scale(k: number): number;
  centre(k: number): number;
  /** Whether what is taken away is the mean of the row, which moves with it. */
  readonly isMeanTaken: boolean;
}

async function normalisationOf({ normalisation, reads }: Coder): Promise<(row: Float32Array) => HeldNormalisation> {
  const none = (): number => 0;
  switch (normalisation.kind) {
    case 'none':
      return () => ({ scale: () => 1, centre: none, isMeanTaken: false });
    case 'scale':
      return () => ({ scale: () => normalisation.input, centre: none, isMeanTaken: false });
    case 'unit-norm':
      return (row) => {
        const factor = Math.sqrt(row.length) / Math.max(norm(row), SMALLEST_NORM);
        return { scale: () => factor, centre: none, isMeanTaken: false };
      };
    case 'layer-norm':
      return (row) => {
        const mean = sum(row) / row.length;
        const deviation = norm(row.map((x) => x - mean)) / Math.sqrt(row.length - 1);
        const factor = 1 / (deviation + STANDARD_DEVIATION_EPSILON);
        return { scale: () => factor, centre: () => mean, isMeanTaken: true };
      };
    case 'standardise': {
      const mean = (await numbersOf(normalisation.mean)) ?? [];
      const scales = (await numbersOf(normalisation.scale)) ?? [];
      return () => ({
        scale: (k) => scales[Math.floor(k / reads.width)] ?? 1,
        centre: (k) => mean[k] ?? 0,
        isMeanTaken: false,
      });
    }
  }
}

async function numbersOf(vector: Vector | undefined): Promise<Float32Array | Float64Array | undefined> {
  if (vector === undefined) return undefined;
  const numbers = await readVector(vector.tensor);
  return vector.exponential === true ? numbers.map((value) => Math.exp(value)) : numbers;
}

type Numbers = ArrayLike<number> & Iterable<number>;

function sum(values: Numbers): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let k = 0; k < a.length; k++) total += (a[k] as number) * (b[k] as number);
  return total;
}

function norm(row: Numbers): number {
  return Math.sqrt(dot(row, row));
}
