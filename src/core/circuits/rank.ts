/** Which features to read next: those with most influence on the outputs, as far as it is known (formats 3.5). */
import { breather } from '../breathe.js';
import type { Written } from './written.js';

/** What one target is made of: by token, by active feature (all of them) and by error. */
export interface Row {
  readonly tokens: Float32Array;
  readonly features: Float32Array;
  readonly errors: Float32Array;
  readonly biases: number;
  readonly value: number;
}

/** Features without a row, the most influential first; influence goes on through those that have one. @throws CancelledError. */
export async function rankFeatures(
  { features }: Written,
  featureRows: ReadonlyMap<number, Row>,
  outputRows: readonly Row[],
  outputWeights: readonly number[],
  /** A feature that is the target itself. */
  root?: number,
  signal?: AbortSignal,
): Promise<number[]> {
  const pause = breather(signal);
  const influence = new Float64Array(features.length);
  if (root !== undefined) influence[root] = 1;
  for (const [at, row] of outputRows.entries()) pass(row, outputWeights[at] as number, influence);
  for (let index = features.length - 1; index >= 0; index--) {
    const row = featureRows.get(index);
    if (row === undefined) continue;
    pass(row, influence[index] as number, influence);
    await pause();
  }
  // Of what reaches a feature, nothing comes from elsewhere: what has no influence on it is no part of its circuit.
  const reaches = (index: number): boolean => root === undefined || (influence[index] as number) > 0;
  return Array.from(features.keys())
    .filter((index) => !featureRows.has(index) && reaches(index))
    .sort((a, b) => (influence[b] as number) - (influence[a] as number));
}

function pass(row: Row, reaching: number, influence: Float64Array): void {
  const sum = absoluteSum(row);
  if (sum === 0 || reaching === 0) return;
  row.features.forEach((weight, source) => {
    influence[source] = (influence[source] as number) + (Math.abs(weight) / sum) * reaching;
  });
}

/** Sum of the sizes of all edges of a target. */
export function absoluteSum({ tokens, features, errors }: Row): number {
  let sum = 0;
  for (const part of [tokens, features, errors]) for (const weight of part) sum += Math.abs(weight);
  return sum;
}
