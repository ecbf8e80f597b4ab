/** Runs a coder over rows and counts its features. */
import type { Session } from '../../engine/engine.js';
import { totalWidth, type Coder } from '../coder.js';
import { CODER_NONZERO, CODER_POSITIVE, CODER_RECONSTRUCTION } from '../graphs/coder-model.js';
import { runTiles, tileNumbers } from '../run-tiles.js';
import type { TokenCounts } from './fidelity.js';
import type { Rows } from './rows.js';

export interface Coded extends TokenCounts {
  /** [count, width of what is written]. */
  readonly reconstruction: Float32Array;
}

/** @param session of `measuringModel`. @throws ProblemError as running does. */
export async function runCoder(session: Session, coder: Coder, { values, count, width }: Rows): Promise<Coded> {
  const outputWidth = totalWidth(coder.writes);
  const coded = {
    reconstruction: new Float32Array(count * outputWidth),
    positive: new Float32Array(count),
    nonZero: new Float32Array(count),
  };
  await runTiles(session, coder, values.subarray(0, count * width), (outputs, first) => {
    coded.reconstruction.set(tileNumbers(outputs, CODER_RECONSTRUCTION), first * outputWidth);
    coded.positive.set(tileNumbers(outputs, CODER_POSITIVE), first);
    coded.nonZero.set(tileNumbers(outputs, CODER_NONZERO), first);
  });
  return coded;
}
