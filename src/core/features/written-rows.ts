/** What one unit of a feature writes: its row of the decoder, divided by its norm where that scales features. */
import type { Coder } from '../dictionary/coder.js';
import { readRows } from '../dictionary/feature-matrix.js';

/** @returns row-major [features, width], before any normalisation of the dictionary is undone. @throws as reading does. */
export async function writtenRows(
  { decoder, decoderNorm }: Pick<Coder, 'decoder' | 'decoderNorm'>,
  features: readonly number[],
): Promise<Float32Array> {
  const rows = new Float32Array(features.length * decoder.width);
  for (const [at, feature] of features.entries()) {
    const row = await readRows(decoder, feature, 1);
    const norm = decoderNorm.use === 'scales' ? Math.hypot(...row) : 1;
    rows.set(
      row.map((number) => number / norm),
      at * decoder.width,
    );
  }
  return rows;
}
