/** Bins for the histograms of a tensor: of equal width, and of equal ratio on both sides of zero. */

/** `counts[i]` values lie in `[edges[i], edges[i + 1])`; the last bin holds its upper edge too, as numpy.histogram has it. */
export interface LinearHistogram {
  readonly edges: Float64Array;
  readonly counts: Float64Array;
}

/** Values by magnitude: `edges[i] <= |x| < edges[i + 1]`, negative and positive ones apart, zeros in neither. */
export interface MagnitudeHistogram {
  /** Four bins an octave. The first edge is 0 where values are smaller than the {@link OCTAVES} octaves that are told apart. */
  readonly edges: Float64Array;
  readonly negative: Float64Array;
  readonly positive: Float64Array;
  readonly zeros: number;
}

export const LINEAR_BINS = 128;
/** Octaves below the largest magnitude that are told apart. */
const OCTAVES = 40;
const PER_OCTAVE = 4;
/** 2^(k/4), written out: powers are not rounded alike everywhere. */
const STEPS = [1, 1.189207115002721, 1.4142135623730951, 1.681792830507429];

/**
 * Edges of `bins` bins of equal width from `low` to `high`, as numpy.linspace rounds them; where both ends are one
 * value, half a unit more on both sides, as numpy.histogram has it.
 */
export function linearEdges(low: number, high: number, bins: number): Float64Array {
  const [from, to] = low === high ? [low - 0.5, high + 0.5] : [low, high];
  const step = (to - from) / bins;
  const edges = Float64Array.from({ length: bins + 1 }, (_, index) =>
    // The width of the whole range of float64 is no float64.
    Number.isFinite(step) ? from + index * step : from * (1 - index / bins) + to * (index / bins),
  );
  edges[bins] = to;
  return edges;
}

/** The bin of a value between the first and the last edge. The edges decide; the division only guesses. */
export function linearBin(edges: Float64Array, value: number): number {
  const last = edges.length - 2;
  const low = edges[0] as number;
  const width = (edges[last + 1] as number) - low;
  const guess = Math.floor(((value - low) / width) * (last + 1));
  let bin = Math.max(0, Math.min(last, Number.isFinite(guess) ? guess : 0));
  while (bin > 0 && value < (edges[bin] as number)) bin--;
  while (bin < last && value >= (edges[bin + 1] as number)) bin++;
  return bin;
}

/** Edges that hold all magnitudes from `smallest` to `largest` (both above zero). */
function magnitudeEdges(smallest: number, largest: number): Float64Array {
  const top = octaveOf(largest) + 1;
  const bottom = Math.max(octaveOf(smallest), top - OCTAVES);
  const edges = Float64Array.from(
    { length: (top - bottom) * PER_OCTAVE + 1 },
    (_, index) => 2 ** (bottom + Math.floor(index / PER_OCTAVE)) * (STEPS[index % PER_OCTAVE] as number),
  );
  return bottom > octaveOf(smallest) ? Float64Array.of(0, ...edges) : edges;
}

/** The bin of a magnitude above zero, of edges that {@link magnitudeEdges} made for it. */
export function magnitudeBin(edges: Float64Array, magnitude: number): number {
  const first = edges[0] === 0 ? 1 : 0;
  const lowest = edges[first] as number;
  if (magnitude < lowest) return 0;
  const guess = first + (octaveOf(magnitude) - octaveOf(lowest)) * PER_OCTAVE;
  let bin = Math.max(first, Math.min(edges.length - 2, guess));
  while (bin < edges.length - 2 && magnitude >= (edges[bin + 1] as number)) bin++;
  return bin;
}

/** An empty histogram for all magnitudes from `smallest` to `largest` (both above zero). */
export function emptyMagnitudes(smallest: number, largest: number, zeros: number): MagnitudeHistogram {
  const edges = magnitudeEdges(smallest, largest);
  return {
    edges,
    negative: new Float64Array(edges.length - 1),
    positive: new Float64Array(edges.length - 1),
    zeros,
  };
}

export function addTo(counts: Float64Array, bin: number, count: number): void {
  counts[bin] = (counts[bin] as number) + count;
}

/** ⌊log₂ magnitude⌋, exactly, subnormal numbers included. */
function octaveOf(magnitude: number): number {
  word[0] = magnitude;
  const exponent = (halves[1] as number) >>> 20;
  if (exponent > 0) return exponent - 1023;
  word[0] = magnitude * 2 ** 54;
  return ((halves[1] as number) >>> 20) - 1023 - 54;
}

const word = new Float64Array(1);
/** Little endian: the exponent is in the second half. */
const halves = new Uint32Array(word.buffer);
