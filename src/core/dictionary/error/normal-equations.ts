/** Sums over tokens from which linear fits of a dictionary's error follow. */
import { contentHash, type ContentHash } from '../../weights/duplicates/content-hash.js';

/**
 * What a dictionary leaves of an activation, e = x − x̂, beside the activation itself: sums over tokens from which any
 * linear fit of the error follows, and how well it does on other tokens. No token is kept.
 */
export interface NormalEquations {
  readonly width: number;
  tokens: number;
  /** Hashes (53 bits) of different x, of `mostValues` at most. */
  readonly values: Set<number>;
  readonly hash: ContentHash;
  /** Σ x xᵀ, [width, width]; the upper triangle only. */
  readonly xx: Float64Array;
  /** Σ x eᵀ, [width, width]. */
  readonly xe: Float64Array;
  /** Σ x |e|², [width]. */
  readonly xn: Float64Array;
  /** Σ x, Σ e and Σ e², [width]. */
  readonly x: Float64Array;
  readonly e: Float64Array;
  readonly ee: Float64Array;
  /** Σ |e|² and Σ |e|⁴. */
  n: number;
  nn: number;
}

export function normalEquations(width: number): NormalEquations {
  return {
    width,
    tokens: 0,
    values: new Set(),
    hash: contentHash(),
    xx: new Float64Array(width * width),
    xe: new Float64Array(width * width),
    xn: new Float64Array(width),
    x: new Float64Array(width),
    e: new Float64Array(width),
    ee: new Float64Array(width),
    n: 0,
    nn: 0,
  };
}

/** Values that are told apart: enough to know that a fit cannot know each of them by heart. */
export function mostValues(width: number): number {
  return 10 * width;
}

/** Bytes that one of them takes. */
export function equationBytes(width: number): number {
  return 16 * width * width;
}

/** @param x [width], and x̂ of the same token. */
export function addToken(into: NormalEquations, x: Float32Array, given: Float32Array): void {
  const { width, xx, xe } = into;
  const error = new Float64Array(width);
  let n = 0;
  for (let i = 0; i < width; i++) {
    const e = (x[i] as number) - (given[i] as number);
    error[i] = e;
    n += e * e;
    into.x[i] = (into.x[i] as number) + (x[i] as number);
    into.e[i] = (into.e[i] as number) + e;
    into.ee[i] = (into.ee[i] as number) + e * e;
  }
  for (let i = 0; i < width; i++) {
    const value = x[i] as number;
    into.xn[i] = (into.xn[i] as number) + value * n;
    const row = i * width;
    for (let j = i; j < width; j++) xx[row + j] = (xx[row + j] as number) + value * (x[j] as number);
    for (let j = 0; j < width; j++) xe[row + j] = (xe[row + j] as number) + value * (error[j] as number);
  }
  if (into.values.size < mostValues(width)) {
    into.hash.add(x);
    into.values.add(into.hash.finish());
  }
  into.tokens++;
  into.n += n;
  into.nn += n * n;
}
