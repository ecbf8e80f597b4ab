/** What the MLPs wrote at one input, cut into features, biases and errors, and what of it reaches a target. */
import { throwIfCancelled } from '../errors.js';
import type { ActiveFeature, CircuitCoder } from './circuit-coder.js';
import type { ReplacementModel, ReplacementSites } from './replacement-model.js';

export interface Feature extends ActiveFeature {
  readonly layer: number;
}

/** What the MLPs of all layers wrote, as features, decoder biases and errors. */
export interface Written {
  /** In the order of layers and positions. */
  readonly features: readonly Feature[];
  /** [features, width], by layer. */
  readonly decoders: readonly Float32Array[];
  /** First and last + 1 of a layer's features. */
  readonly bounds: readonly (readonly [number, number])[];
  /** By layer: what every position gets. */
  readonly decoderBiases: readonly Float32Array[];
  /** By layer, [positions, width]: the MLP's output without what the transcoder writes. */
  readonly errors: readonly Float32Array[];
}

/** @param filled positions that hold tokens: at the others all that is written is an error. */
export async function writtenBy(
  replacement: ReplacementModel,
  { layers }: ReplacementSites,
  coders: readonly CircuitCoder[],
  filled: number,
  signal: AbortSignal | undefined,
): Promise<Written> {
  const { positions } = replacement;
  const features: Feature[] = [];
  const decoders: Float32Array[] = [];
  const bounds: [number, number][] = [];
  const decoderBiases: Float32Array[] = [];
  const errors: Float32Array[] = [];
  for (const [layer, { reads, writes }] of layers.entries()) {
    throwIfCancelled(signal);
    const coder = coders[layer];
    if (coder === undefined) throw new Error(`Layer ${layer} has no transcoder.`);
    const found = await coder.encode(replacement.value(reads), positions);
    const active = found.filter(({ position }) => position < filled);
    const first = features.length;
    for (const each of active) features.push({ layer, ...each });
    bounds.push([first, features.length]);
    const rows = await coder.decoderRows(active.map(({ feature }) => feature));
    decoders.push(rows);
    decoderBiases.push(coder.decoderBias);
    const width = replacement.width(writes);
    const error = Float64Array.from(replacement.value(writes));
    for (let position = 0; position < positions; position++) {
      subtract(error, position * width, 1, coder.decoderBias, 0, width);
    }
    active.forEach(({ position, activation }, at) =>
      subtract(error, position * width, activation, rows, at * width, width),
    );
    errors.push(Float32Array.from(error));
  }
  return { features, decoders, bounds, decoderBiases, errors };
}

/** What the sources add to one direction, whose rows are the `at`-th of those pulled. */
export function contributions(
  pulled: ReadonlyMap<string, Float32Array>,
  at: number,
  { features, decoders, bounds, decoderBiases, errors }: Written,
  replacement: ReplacementModel,
  { embedding, layers }: ReplacementSites,
): { tokens: Float32Array; features: Float32Array; errors: Float32Array; decoderBiases: number } {
  const { positions } = replacement;
  const slice = (writer: string): Float32Array | undefined => {
    const length = positions * replacement.width(writer);
    return pulled.get(writer)?.subarray(at * length, (at + 1) * length);
  };
  const byPosition = (row: Float32Array, values: Float32Array, into: Float32Array, first: number): void => {
    const width = row.length / positions;
    for (let position = 0; position < positions; position++) {
      into[first + position] = dot(row, position * width, values, position * width, width);
    }
  };
  const tokens = new Float32Array(positions);
  const fromEmbedding = slice(embedding);
  if (fromEmbedding !== undefined) byPosition(fromEmbedding, replacement.value(embedding), tokens, 0);
  const fromFeatures = new Float32Array(features.length);
  const fromErrors = new Float32Array(layers.length * positions);
  let biases = 0;
  for (const [layer, { writes }] of layers.entries()) {
    const row = slice(writes);
    if (row === undefined) continue;
    const width = replacement.width(writes);
    const [first, end] = bounds[layer] as readonly [number, number];
    const decoder = decoders[layer] as Float32Array;
    const reached = reachedPositions(row, positions);
    for (let index = first; index < end; index++) {
      const { position, activation } = features[index] as Feature;
      if (reached[position] === 1)
        fromFeatures[index] = activation * dot(row, position * width, decoder, (index - first) * width, width);
    }
    byPosition(row, errors[layer] as Float32Array, fromErrors, layer * positions);
    const bias = decoderBiases[layer] as Float32Array;
    for (let position = 0; position < positions; position++) biases += dot(row, position * width, bias, 0, width);
  }
  return { tokens, features: fromFeatures, errors: fromErrors, decoderBiases: biases };
}

function subtract(
  from: Float64Array,
  start: number,
  factor: number,
  values: Float32Array,
  at: number,
  length: number,
): void {
  for (let k = 0; k < length; k++) from[start + k] = (from[start + k] as number) - factor * (values[at + k] as number);
}

/** 1 where a target reads anything of a position: later tokens are not read at all, which is half of them. */
function reachedPositions(row: Float32Array, positions: number): Uint8Array {
  const width = row.length / positions;
  const reached = new Uint8Array(positions);
  for (let position = 0; position < positions; position++) {
    const end = (position + 1) * width;
    for (let k = position * width; k < end && reached[position] === 0; k++) if (row[k] !== 0) reached[position] = 1;
  }
  return reached;
}

/** Four sums at a time: one alone waits for itself at every step. */
function dot(a: Float32Array, fromA: number, b: Float32Array, fromB: number, length: number): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    const [i, j] = [fromA + k, fromB + k];
    first += (a[i] as number) * (b[j] as number);
    second += (a[i + 1] as number) * (b[j + 1] as number);
    third += (a[i + 2] as number) * (b[j + 2] as number);
    fourth += (a[i + 3] as number) * (b[j + 3] as number);
  }
  for (; k < length; k++) first += (a[fromA + k] as number) * (b[fromB + k] as number);
  return first + second + (third + fourth);
}
