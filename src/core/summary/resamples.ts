/**
 * How much a share would differ on other inputs of the same kind: 200 resamples over inputs (methods section 1, C3).
 *
 * The Poisson bootstrap (Hanley and MacGibbon, 2006; Chamandy et al., 2012): in each resample every input counts as often
 * as a Poisson number of mean 1 says, which is what drawing N of N inputs with replacement comes to as N grows. It needs no
 * input to be kept, so memory does not grow with their number, and resamples of two chunks add. How often an input counts
 * depends on its index alone: the shares of all layers, of all chunks and of all controls rest on the same resamples.
 */
import { randomStream } from '../dataset/random.js';

export const RESAMPLES = 200;
/** Percentiles 2.5 and 97.5. */
const COVERED = 0.95;
/** One input is the same in every resample. */
const FEWEST_INPUTS = 2;
const WEIGHTS_REMEMBERED = 128;

/** Of a ratio Σ numerator / Σ denominator over inputs: both sums, once per resample. */
export interface Resamples {
  readonly numerators: Float64Array;
  readonly denominators: Float64Array;
  /** Length 1: inputs added. */
  readonly inputs: Float64Array;
}

/** Where 95 % of the resamples lie. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Inputs that were resampled. */
  readonly inputs: number;
}

export function createResamples(): Resamples {
  return {
    numerators: new Float64Array(RESAMPLES),
    denominators: new Float64Array(RESAMPLES),
    inputs: new Float64Array(1),
  };
}

/** Adds one input. @param index its place in the dataset. */
export function addToResamples(into: Resamples, index: number, numerator: number, denominator: number): void {
  if (!Number.isFinite(numerator)) return;
  const times = timesCounted(index);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const weight = times[resample] as number;
    into.numerators[resample] = (into.numerators[resample] as number) + weight * numerator;
    into.denominators[resample] = (into.denominators[resample] as number) + weight * denominator;
  }
  into.inputs[0] = (into.inputs[0] as number) + 1;
}

/** The inputs of both, where they are different inputs. */
export function mergeResamples(into: Resamples, other: Resamples): void {
  addSums(into, other);
  into.inputs[0] = (into.inputs[0] as number) + (other.inputs[0] as number);
}

/** One ratio over several layers that saw the same inputs. */
export function pooledResamples(layers: Iterable<Resamples>): Resamples {
  const pooled = createResamples();
  for (const layer of layers) {
    addSums(pooled, layer);
    pooled.inputs[0] = Math.max(pooled.inputs[0] as number, layer.inputs[0] as number);
  }
  return pooled;
}

/** Undefined where there are too few inputs to tell. */
export function intervalOf({ numerators, denominators, inputs }: Resamples): Interval | undefined {
  const [seen = 0] = inputs;
  if (seen < FEWEST_INPUTS) return undefined;
  // With few inputs a resample may hold none of them.
  const ratios = numerators.map((sum, resample) => sum / (denominators[resample] as number)).filter(Number.isFinite);
  if (ratios.length === 0) return undefined;
  ratios.sort();
  return { low: quantile(ratios, (1 - COVERED) / 2), high: quantile(ratios, (1 + COVERED) / 2), inputs: seen };
}

/** Between neighbours linearly, as numpy does it. */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

function addSums(into: Resamples, other: Resamples): void {
  for (let resample = 0; resample < RESAMPLES; resample++) {
    into.numerators[resample] = (into.numerators[resample] as number) + (other.numerators[resample] as number);
    into.denominators[resample] = (into.denominators[resample] as number) + (other.denominators[resample] as number);
  }
}

const remembered = new Map<number, Uint8Array>();

/** How often an input counts in each resample: every layer asks for the same. */
function timesCounted(index: number): Uint8Array {
  const known = remembered.get(index);
  if (known !== undefined) return known;
  const draw = randomStream(1, 'resamples', index);
  const times = Uint8Array.from({ length: RESAMPLES }, () => poisson(draw()));
  if (remembered.size >= WEIGHTS_REMEMBERED) remembered.clear();
  remembered.set(index, times);
  return times;
}

/** A Poisson number of mean 1 from a uniform one, by inversion. */
function poisson(uniform: number): number {
  let number = 0;
  let probability = Math.exp(-1);
  for (let below = probability; uniform >= below && probability > Number.EPSILON; below += probability) {
    number++;
    probability /= number;
  }
  return number;
}
