/**
 * The patterns that a linear map amplifies most: its largest singular values with their vectors, one after the other
 * (methods, section A: v ← Aᵀ A v from a seeded start, orthogonal to those before).
 */
import { breathe } from '../breathe.js';
import { throwIfCancelled } from '../errors.js';
import { normalStream, randomStream } from '../dataset/random.js';

export interface PowerMap {
  /** Numbers of an input and of an output. */
  readonly width: number;
  readonly height: number;
  /** A v. */
  forward(v: Float32Array): Promise<Float32Array>;
  /** Aᵀ u. */
  transpose(u: Float32Array): Promise<Float32Array>;
}

export interface SingularTriplet {
  /** How much the system amplifies the input pattern. */
  readonly gain: number;
  /** Input pattern, length 1, and what it becomes, divided by the gain. */
  readonly input: Float32Array;
  readonly output: Float32Array;
  /** False where 200 steps did not settle it. */
  readonly isSettled: boolean;
  readonly steps: number;
}

export interface PowerOptions {
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

const MOST_STEPS = 200;
/** Of the gain, between two steps. */
const SETTLED = 1e-5;
/** Of the first gain: what is smaller is rounding of what was taken off. */
const NOTHING_LEFT = 1e-6;
const SEED = 1;

/**
 * The strongest first; fewer than asked for where the map amplifies nothing else.
 * @throws CancelledError, noticed between two runs of the map.
 */
export async function powerIteration(map: PowerMap, options: PowerOptions): Promise<readonly SingularTriplet[]> {
  const { signal, onProgress } = options;
  const count = Math.min(options.count, map.width, map.height);
  const found: SingularTriplet[] = [];
  while (found.length < count) {
    const triplet = await strongest(map, found, {
      signal,
      onStep: (steps) => onProgress?.((found.length + steps / MOST_STEPS) / count),
    });
    if (triplet === undefined) break;
    found.push(triplet);
  }
  onProgress?.(1);
  return found;
}

interface StepOptions {
  readonly signal: AbortSignal | undefined;
  readonly onStep: (steps: number) => void;
}

/** The strongest pattern that is orthogonal to those found; undefined where nothing is left. */
async function strongest(
  map: PowerMap,
  found: readonly SingularTriplet[],
  { signal, onStep }: StepOptions,
): Promise<SingularTriplet | undefined> {
  const random = normalStream(randomStream(SEED, 'power iteration', found.length));
  let v = unit(without(found, Float64Array.from({ length: map.width }, random)));
  const least = NOTHING_LEFT * (found[0]?.gain ?? 0);
  let before = NaN;
  for (let steps = 1; ; steps++) {
    await breathe();
    throwIfCancelled(signal);
    const u = await map.forward(Float32Array.from(v));
    const gain = length(u);
    if (!(gain > least)) return undefined;
    const isSettled = Math.abs(gain - before) < SETTLED * gain;
    if (isSettled || steps === MOST_STEPS) {
      return { gain, input: Float32Array.from(v), output: u.map((each) => each / gain), isSettled, steps };
    }
    before = gain;
    onStep(steps);
    await breathe();
    throwIfCancelled(signal);
    v = unit(without(found, Float64Array.from(await map.transpose(u))));
  }
}

/** v without its parts along the patterns found before. */
function without(found: readonly SingularTriplet[], v: Float64Array): Float64Array {
  for (const { input } of found) {
    let along = 0;
    for (let i = 0; i < v.length; i++) along += (v[i] ?? 0) * (input[i] ?? 0);
    for (let i = 0; i < v.length; i++) v[i] = (v[i] ?? 0) - along * (input[i] ?? 0);
  }
  return v;
}

function unit(v: Float64Array): Float64Array {
  const size = length(v);
  return size > 0 ? v.map((each) => each / size) : v;
}

function length(v: Float32Array | Float64Array): number {
  let sum = 0;
  for (const each of v) sum += each * each;
  return Math.sqrt(sum);
}
