/**
 * How well the system gives back what the model computes. Methods, section 0: |got − want| ≤ 1e-5 + 1e-4 S, with S the
 * sum of the absolute values of the terms; as one number, |got − want| / max(S, 0.1) against 1e-4, which allows a little
 * less. Half precision keeps 11 bits instead of 24: 2e-2 is what a few hundred of its roundings leave.
 */
import { throwIfCancelled } from '../errors.js';

export const TOLERANCE = { single: 1e-4, half: 2e-2 };
/** 1e-5 of tolerance for anything over 1e-4 of it. */
const LEAST_SCALE = 0.1;
/** Outputs whose terms are added up, at most, the worst first. */
const MOST_EXAMINED = 64;

export interface Residuals {
  /** A x + r and f(x), all numbers of the end. */
  readonly system: Float32Array;
  readonly model: Float32Array;
  readonly tolerance: number;
  /** Outputs whose terms can be asked for at once. */
  readonly atOnce: number;
  /** Sum of the absolute terms of outputs. */
  readonly termsOf: (outputs: readonly number[]) => Promise<readonly number[]>;
  readonly signal: AbortSignal | undefined;
}

/**
 * The largest residual. The terms of an output are at least its value, which gives a bound without them: they are added
 * up only for outputs that the bound leaves in doubt. NaN where the system or the model has numbers that are not finite.
 */
export async function largestResidual(request: Residuals): Promise<number> {
  const { system, model, tolerance, atOnce, termsOf, signal } = request;
  const difference = (output: number): number => Math.abs((system[output] ?? NaN) - (model[output] ?? NaN));
  const bounds = Float64Array.from(
    model,
    (value, output) => difference(output) / Math.max(Math.abs(value), LEAST_SCALE),
  );
  if (bounds.some(Number.isNaN)) return NaN;
  const boundOf = (output: number | undefined): number => (output === undefined ? 0 : (bounds[output] ?? 0));
  const doubtful: number[] = [];
  let settled = 0;
  bounds.forEach((bound, output) => {
    if (bound > tolerance) doubtful.push(output);
    else if (bound > settled) settled = bound;
  });
  doubtful.sort((a, b) => boundOf(b) - boundOf(a));
  let largest = 0;
  for (let start = 0; start < Math.min(doubtful.length, MOST_EXAMINED); start += atOnce) {
    if (boundOf(doubtful[start]) <= largest) break;
    throwIfCancelled(signal);
    const outputs = doubtful.slice(start, start + atOnce);
    const terms = await termsOf(outputs);
    outputs.forEach((output, at) => {
      largest = Math.max(largest, difference(output) / Math.max(terms[at] ?? 0, LEAST_SCALE));
    });
  }
  return Math.max(largest, settled);
}
