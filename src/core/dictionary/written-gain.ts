/**
 * What undoing a dictionary's normalisation multiplies what its features write with, by token: the factors of
 * `graphs/normalise.ts`, in float64, for the few rows that a person looks at.
 */
import type { Coder } from './coder.js';
import { readVector } from './facts.js';

/** As `graphs/normalise.ts` has them. */
const SMALLEST_NORM = 1e-30;
const SCALE_EPSILON = 1e-8;

/**
 * @param rows that it reads, row-major [tokens, width], of one place.
 * @returns undefined where it undoes none: then the factor is 1. @throws as reading does.
 */
export async function writtenGains(
  { normalisation, reads: { width } }: Pick<Coder, 'normalisation' | 'reads'>,
  rows: Float32Array,
): Promise<Float32Array | undefined> {
  const perRow = (gain: (row: Float32Array) => number): Float32Array =>
    Float32Array.from({ length: rows.length / width }, (_, at) => gain(rows.subarray(at * width, (at + 1) * width)));
  switch (normalisation.kind) {
    case 'none':
      return undefined;
    case 'unit-norm':
      return normalisation.undone
        ? perRow((row) => Math.max(Math.hypot(...row), SMALLEST_NORM) / Math.sqrt(width))
        : undefined;
    case 'layer-norm':
      return normalisation.undone ? perRow(deviation) : undefined;
    case 'scale':
      return normalisation.output === 1 ? undefined : perRow(() => normalisation.output);
    case 'standardise': {
      const { tensor, exponential } = normalisation.scale;
      const [stored = NaN] = await readVector(tensor);
      const scale = exponential === true ? Math.exp(stored) : stored;
      return perRow(() => 1 / (scale + SCALE_EPSILON));
    }
  }
}

/** With N − 1. */
function deviation(row: Float32Array): number {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (row.length - 1));
}
