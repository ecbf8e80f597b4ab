import type { NumberArray } from '../tensor/tensor.js';

/** The blocks of values that were read last, shared by all tensors of a file. */
export interface BlockCache {
  /** Block `index` of a tensor's values, made where it is not there. What fails is not kept. */
  block(owner: object, index: number, make: () => Promise<NumberArray>): Promise<NumberArray>;
}

export function blockCache(blocks: number): BlockCache {
  /** The most recently used last. */
  let kept: { readonly owner: object; readonly index: number; readonly values: Promise<NumberArray> }[] = [];
  return {
    block(owner, index, make) {
      const known = kept.find((entry) => entry.owner === owner && entry.index === index);
      const entry = known ?? { owner, index, values: make() };
      kept = [...kept.filter((other) => other !== entry), entry].slice(-blocks);
      entry.values.catch(() => {
        kept = kept.filter((other) => other !== entry);
      });
      return entry.values;
    },
  };
}
