/** Features that read, or write, in nearly the same direction: cosine of rows of the encoder or decoder (formats 5). */
import { breather } from '../../breathe.js';
import { readRows, type FeatureMatrix } from '../../dictionary/feature-matrix.js';

/** Numbers that are read at once. */
const TILE_NUMBERS = 2 ** 20;

/**
 * @param onRead told of features read, of all.
 * @returns by feature; NaN for rows of zeros. @throws CancelledError, and as reading does.
 */
export async function rowCosines(
  matrix: FeatureMatrix,
  feature: number,
  signal: AbortSignal | undefined,
  onRead: (features: number) => void,
): Promise<Float64Array> {
  const { features, width } = matrix;
  const pause = breather(signal);
  const own = await readRows(matrix, feature, 1);
  const ownNorm = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
  const cosines = new Float64Array(features);
  const most = Math.max(1, Math.floor(TILE_NUMBERS / width));
  for (let first = 0; first < features; first += most) {
    const count = Math.min(most, features - first);
    const rows = await readRows(matrix, first, count);
    for (let row = 0, at = 0; row < count; row++) {
      let [product, squares] = [0, 0];
      for (let axis = 0; axis < width; axis++, at++) {
        const value = rows[at] as number;
        product += value * (own[axis] as number);
        squares += value * value;
      }
      cosines[first + row] = product / (ownNorm * Math.sqrt(squares));
    }
    onRead(first + count);
    await pause();
  }
  return cosines;
}
