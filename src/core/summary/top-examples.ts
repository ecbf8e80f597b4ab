/**
 * The k examples with the largest value per unit. Ties go to the lower dataset index, so the outcome does not depend on
 * the order of folding or merging.
 */
export interface TopK {
  readonly k: number;
  /** Row-major [units, k], best first; −1 where nothing is. */
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

export function createTopK(units: number, k: number): TopK {
  return {
    k,
    indices: new Int32Array(units * k).fill(-1),
    values: new Float32Array(units * k).fill(-Infinity),
  };
}

export function addToTop(top: TopK, unit: number, index: number, value: number): void {
  if (Number.isNaN(value) || index < 0) return;
  const { k, indices, values } = top;
  const first = unit * k;
  const better = (slot: number): boolean => {
    const held = values[slot] as number;
    const heldIndex = indices[slot] as number;
    return heldIndex === -1 || value > held || (value === held && index < heldIndex);
  };
  let slot = first + k - 1;
  if (!better(slot)) return;
  for (; slot > first && better(slot - 1); slot--) {
    values[slot] = values[slot - 1] as number;
    indices[slot] = indices[slot - 1] as number;
  }
  values[slot] = value;
  indices[slot] = index;
}

export function mergeTop(into: TopK, other: TopK): void {
  for (let slot = 0; slot < other.indices.length; slot++) {
    addToTop(into, Math.floor(slot / other.k), other.indices[slot] as number, other.values[slot] as number);
  }
}
