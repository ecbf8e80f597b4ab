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

/** One layer, how much of it is skipped, and what that saves. */
export interface LayerSavings {
  readonly layer: MaskedLayer;
  readonly share: number;
  readonly savings?: Savings;
}

/**
 * Of all layers together. A matrix that is behind the neurons of one block and before those of the next counts once: what
 * both save of it is taken as the product of their shares, as if neurons were skipped independently.
 *
 * @returns undefined where no block is known of some layer.
 */
export function savingsTogether(numbers: readonly LayerSavings[]): Savings | undefined {
  const each = numbers.flatMap(({ savings }) => (savings === undefined ? [] : [savings]));
  if (each.length < numbers.length || each.length === 0) return undefined;
  const sum = (pick: (savings: Savings) => number | undefined): number =>
    each.reduce((all, savings) => all + (pick(savings) ?? NaN), 0);
  const shared = numbers.flatMap((behind) => numbers.flatMap((before) => sharedMatrix(behind, before)));
  const twice = (pick: (matrix: SharedMatrix) => number): number => shared.reduce((all, one) => all + pick(one), 0);
  const [down, all] = [sum((savings) => savings.down), sum((savings) => savings.all)];
  return {
    weights: sum(({ weights }) => weights) - twice(({ size }) => size),
    ...(Number.isNaN(down) ? {} : { down }),
    ...(Number.isNaN(all) ? {} : { all: all - twice(({ size, both }) => both * size) }),
    operations: sum(({ operations }) => operations) - twice(({ size, both, sites }) => 2 * both * size * sites),
  };
}

interface SharedMatrix {
  readonly size: number;
  /** Share of it that both blocks save. */
  readonly both: number;
  readonly sites: number;
}

function sharedMatrix(behind: LayerSavings, before: LayerSavings): SharedMatrix[] {
  const [first, second] = [behind.layer.block, before.layer.block];
  if (first === undefined || second === undefined || first.down.node !== second.up.node) return [];
  const size = behind.layer.neurons * first.down.outputs * elementCount(first.down.kernel);
  return [{ size, both: behind.share * before.share, sites: Math.min(behind.layer.sites, before.layer.sites) }];
}
