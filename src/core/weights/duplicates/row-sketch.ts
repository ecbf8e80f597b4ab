/**
 * Rows as a few numbers each that keep distances: a sparse Johnson–Lindenstrauss transform (Kane and Nelson, “Sparser
 * Johnson–Lindenstrauss Transforms”, J. ACM 2014, block construction): every column adds to one number of each of four
 * blocks, with a random sign. The squared distance of two sketches is that of the rows on average; of 128 numbers, its
 * standard deviation is at most √(2/128) = 12.5 % of it.
 */
const BLOCKS = 4;
const PER_BLOCK = 32;
export const SKETCH_LENGTH = BLOCKS * PER_BLOCK;

export interface RowSketcher {
  /** Writes the sketch of a row, divided by `norm`, to `target[at …]`. */
  sketch(row: Float32Array | Float64Array, norm: number, target: Float32Array, at: number): void;
}

/** The same columns give the same sketch, always. */
export function rowSketcher(columns: number): RowSketcher {
  // Where a column goes in each block; positive and negative signs are summed apart, so that none is multiplied.
  const places = new Uint8Array(columns * BLOCKS);
  const random = xorshift(0x2545f491);
  for (let at = 0; at < places.length; at++) {
    const bits = random();
    places[at] = ((bits >>> 16) & (PER_BLOCK - 1)) + ((bits >>> 30) & 1 ? PER_BLOCK : 0);
  }
  const size = 2 * PER_BLOCK;
  const sums = new Float64Array(BLOCKS * size);
  return {
    sketch(row, norm, target, start) {
      sums.fill(0);
      for (let column = 0, at = 0; column < columns; column++, at += BLOCKS) {
        const value = row[column] as number;
        const a = places[at] as number;
        const b = (places[at + 1] as number) + size;
        const c = (places[at + 2] as number) + 2 * size;
        const d = (places[at + 3] as number) + 3 * size;
        sums[a] = (sums[a] as number) + value;
        sums[b] = (sums[b] as number) + value;
        sums[c] = (sums[c] as number) + value;
        sums[d] = (sums[d] as number) + value;
      }
      const scale = 1 / (norm * Math.sqrt(BLOCKS));
      for (let block = 0; block < BLOCKS; block++) {
        for (let at = 0; at < PER_BLOCK; at++) {
          const positive = sums[block * size + at] as number;
          const negative = sums[block * size + PER_BLOCK + at] as number;
          // Neighbours come from different blocks, so that the first few numbers are a sketch themselves.
          target[start + at * BLOCKS + block] = (positive - negative) * scale;
        }
      }
    },
  };
}

/** Marsaglia's xorshift of 32 bits: random enough, and the same everywhere. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
