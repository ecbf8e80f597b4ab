/** Smallest and largest value per unit; NaN until something was seen. */
export interface Extrema {
  readonly minimum: Float32Array;
  readonly maximum: Float32Array;
}

export function createExtrema(units: number): Extrema {
  return { minimum: new Float32Array(units).fill(NaN), maximum: new Float32Array(units).fill(NaN) };
}

/** Adds a value to both ends. NaN is left out: it has no place in an order, and is counted elsewhere. */
export function addExtrema(into: Extrema, unit: number, minimum: number, maximum: number): void {
  const low = into.minimum[unit] as number;
  const high = into.maximum[unit] as number;
  if (!(low <= minimum) && !Number.isNaN(minimum)) into.minimum[unit] = minimum;
  if (!(high >= maximum) && !Number.isNaN(maximum)) into.maximum[unit] = maximum;
}

export function mergeExtrema(into: Extrema, other: Extrema): void {
  for (let unit = 0; unit < other.minimum.length; unit++) {
    addExtrema(into, unit, other.minimum[unit] ?? NaN, other.maximum[unit] ?? NaN);
  }
}

/** Largest finite value of a list; 0 when there is none. */
export function largestFinite(values: Float32Array): number {
  return values.reduce((high, value) => (value > high && value < Infinity ? value : high), 0);
}

/** Mean of the finite values of a list: one that is far from all others moves it little. 0 where there is none. */
export function meanFinite(values: Float32Array): number {
  const finite = values.filter(Number.isFinite);
  return finite.length === 0 ? 0 : finite.reduce((sum, value) => sum + value / finite.length, 0);
}

/** max |h| per unit. */
export function peaks(extrema: Extrema): Float32Array {
  return extrema.maximum.map((high, unit) => Math.max(Math.abs(high), Math.abs(extrema.minimum[unit] ?? NaN)));
}
