import { breathe } from '../breathe.js';
import { readRows, type FeatureMatrix } from '../dictionary/feature-matrix.js';
import { throwIfCancelled } from '../errors.js';

/** Numbers that are read at once. */
const TILE_NUMBERS = 2 ** 20;

/** Length of each feature's row of the decoder, as the file has it. @throws CancelledError, and as reading does. */
export async function decoderNorms(decoder: FeatureMatrix, signal?: AbortSignal): Promise<Float32Array> {
  const { features, width } = decoder;
  const norms = new Float32Array(features);
  const most = Math.max(1, Math.floor(TILE_NUMBERS / width));
  for (let first = 0; first < features; first += most) {
    throwIfCancelled(signal);
    const count = Math.min(most, features - first);
    const rows = await readRows(decoder, first, count);
    for (let row = 0; row < count; row++) {
      let squares = 0;
      for (let at = row * width; at < (row + 1) * width; at++) squares += (rows[at] as number) ** 2;
      norms[first + row] = Math.sqrt(squares);
    }
    await breathe();
  }
  return norms;
}
