import { elementCount } from '../tensor/tensor.js';

/** Up to this many values per example, over all layers together, all are copied out for histograms. */
const EXACT_VALUES = 200_000;
/** Where there are more, this many are: copying and counting them stays a small part of the forward. */
const SAMPLED_VALUES = 50_000;

/** Values to copy out per example. @param sizes values per example of each layer; `undefined` where it varies. */
export function sampleBudget(sizes: readonly (number | undefined)[]): number {
  const total = sizes.reduce<number>((sum, size) => sum + (size ?? Infinity), 0);
  return total <= EXACT_VALUES ? EXACT_VALUES : SAMPLED_VALUES;
}

/**
 * How many values each layer may copy: layers that are small are copied whole, the rest share what is left equally.
 * @param sizes values per example of each layer; `undefined` where it varies (treated as large).
 */
export function shareBudget(sizes: readonly (number | undefined)[], budget: number): number[] {
  const order = sizes
    .map((size, index) => ({ size: size ?? Infinity, index }))
    .sort((a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : 0));
  const shares = new Array<number>(sizes.length).fill(0);
  let left = budget;
  order.forEach(({ size, index }, rank) => {
    const share = Math.min(size, Math.floor(left / (order.length - rank)));
    shares[index] = share;
    left -= share;
  });
  return shares;
}

/**
 * The step of a regular grid that keeps about `keep` of the positions (at least one): the same along every axis, so
 * that a picture is sampled evenly in both directions.
 */
export function gridStep(dims: readonly number[], keep: number): number {
  const positions = elementCount(dims);
  if (positions <= keep) return 1;
  const longest = Math.max(1, ...dims);
  let step = Math.max(2, Math.floor((positions / Math.max(1, keep)) ** (1 / dims.length)));
  while (step < longest && elementCount(dims.map((dim) => gridIndices(dim, step).length)) > keep) step++;
  return step;
}

/** Indices along one axis: from the middle of the first step on. An axis shorter than a step keeps its middle. */
export function gridIndices(size: number, step: number): number[] {
  const width = Math.min(step, size);
  const indices: number[] = [];
  for (let index = Math.floor(width / 2); index < size; index += width) indices.push(index);
  return indices;
}
