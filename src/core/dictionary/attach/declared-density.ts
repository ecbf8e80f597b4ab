/**
 * How often each feature fired when it was trained, as SAELens saves it beside the weights: “sparsity.safetensors”, log10 of
 * the frequency + 1e-10 (formats 2.1). What is measured here is held against it.
 */
import type { SiblingFiles } from '../../bytes/byte-source.js';
import { ProblemError } from '../../errors.js';
import { openSafetensors } from '../../formats/safetensors/open.js';
import type { TensorFile } from '../../formats/tensor-file.js';
import { readVector } from '../facts.js';

const FILE = 'sparsity.safetensors';
const TENSOR = 'sparsity';
/** What SAELens adds before the logarithm. */
const ADDED = 1e-10;

/** @returns shares of tokens, one for each feature; undefined where there is no such file, or it says something else. */
export async function declaredDensity(siblings: SiblingFiles, features: number): Promise<Float64Array | undefined> {
  let file: TensorFile | undefined;
  try {
    file = await openSafetensors(await siblings.open(FILE));
    const tensor = file.tensors.find(({ name }) => name === TENSOR);
    if (tensor?.dims.length !== 1 || tensor.dims[0] !== features) return undefined;
    const density = Float64Array.from(await readVector(tensor), (log) => Math.max(0, 10 ** log - ADDED));
    return density.every((share) => share <= 1) ? density : undefined;
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  } finally {
    await file?.close();
  }
}

/** How many features fire for a token, by the shares of tokens on which each does. */
export function l0Of(density: Float64Array): { readonly value: number; readonly because: string } {
  return {
    value: density.reduce((sum, share) => sum + share, 0),
    because: `“${FILE}” beside it: the sum of how often each feature fired in training.`,
  };
}

/** A feature that should have fired so often here is compared. */
const ENOUGH = 10;
/** It is far apart where it fired by this factor more or less often. */
const FAR = 10;
/** Share of the compared features that are far apart before it is told. */
const NOTABLE = 0.1;

/** A sentence where many features fire far more or less often than in training. @param measured shares of tokens. */
export function densityWarnings(
  declared: Float64Array | undefined,
  measured: ArrayLike<number>,
  tokens: number,
  many: string,
): readonly string[] {
  let [compared, far] = [0, 0];
  declared?.forEach((share, feature) => {
    if (share * tokens < ENOUGH) return;
    compared++;
    const found = measured[feature] ?? 0;
    if (found * FAR < share || found > FAR * share) far++;
  });
  if (far === 0 || far < NOTABLE * compared) return [];
  const count = (value: number): string => value.toLocaleString('en-US');
  return [
    `Of ${count(compared)} features that fired ${ENOUGH} times or more on so many ${many} in training (“${FILE}”), ${count(far)} fire here less than a tenth or more than ten times as often: the value, how it is prepared, or the inputs are others than in training.`,
  ];
}
