/** Runs a coder over rows, as many at a time as leave room for their features. */
import type { Session } from '../../engine/engine.js';
import { CODER_INPUT, CODER_NONZERO, CODER_POSITIVE, CODER_RECONSTRUCTION } from '../graphs/coder-model.js';
import type { TokenCounts } from './fidelity.js';
import type { Rows } from './rows.js';

/** Features of the rows that are run at once. */
const FEATURE_BYTES = 64 * 2 ** 20;

export interface Coded extends TokenCounts {
  /** [count, width of what is written]. */
  readonly reconstruction: Float32Array;
}

/** @param session of `measuringModel`. @throws ProblemError as running does. */
export async function runCoder(session: Session, features: number, outputWidth: number, rows: Rows): Promise<Coded> {
  const { values, count, width } = rows;
  const atOnce = Math.max(1, Math.floor(FEATURE_BYTES / (4 * features)));
  const coded = {
    reconstruction: new Float32Array(count * outputWidth),
    positive: new Float32Array(count),
    nonZero: new Float32Array(count),
  };
  for (let first = 0; first < count; first += atOnce) {
    const size = Math.min(atOnce, count - first);
    const data = values.slice(first * width, (first + size) * width);
    const out = await session.run({ [CODER_INPUT]: { type: 'float32', dims: [size, width], data } });
    coded.reconstruction.set(out[CODER_RECONSTRUCTION]?.data as Float32Array, first * outputWidth);
    coded.positive.set(out[CODER_POSITIVE]?.data as Float32Array, first);
    coded.nonZero.set(out[CODER_NONZERO]?.data as Float32Array, first);
  }
  return coded;
}
