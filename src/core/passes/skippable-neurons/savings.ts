/** What skipping saves: weights that need not be read, and operations that need not be done. An estimate from sizes. */
import { elementCount } from '../../tensor/tensor.js';
import type { MaskedLayer } from './masked-layers.js';

export interface Savings {
  readonly weights: number;
  /**
   * Weights behind the neurons that are skipped at a site: which, is known once neurons are computed. Absent for
   * convolutions, whose weights are read once for all positions.
   */
  readonly down?: number;
  /** All weights of those neurons: where something foretells which they are. */
  readonly all?: number;
  /** Multiplications and additions of one input that go with them. */
  readonly operations: number;
}

/**
 * @param share of the layer's (site, neuron) entries that are skipped. Undefined where no block is known.
 */
export function savingsOf({ block, neurons, sites }: MaskedLayer, share: number): Savings | undefined {
  if (block === undefined) return undefined;
  const into = [block.up, block.gate, block.depthwise].reduce((sum, projection) => {
    if (projection === undefined) return sum;
    const { inputs, groups, kernel } = projection;
    return sum + (inputs / groups) * elementCount(kernel);
  }, 0);
  const out = block.down.outputs * elementCount(block.down.kernel);
  return {
    weights: neurons * (into + out),
    ...(block.down.kind === 'convolution' ? {} : { down: share * neurons * out, all: share * neurons * (into + out) }),
    operations: 2 * share * neurons * (into + out) * sites,
  };
}
