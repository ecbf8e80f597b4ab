import { describe, expect, it } from 'vitest';
import { createGraph } from '../../../../src/core/graph/graph.js';
import { findRoles, type MlpBlock } from '../../../../src/core/graph/roles/roles.js';
import type { MaskedLayer } from '../../../../src/core/passes/skippable-neurons/masked-layers.js';
import {
  savingsOf,
  savingsTogether,
  type LayerSavings,
} from '../../../../src/core/passes/skippable-neurons/savings.js';
import { modelProto, node, weight } from '../../graph-builder.js';

/** 8 → 16 neurons → 12 neurons → 3: what is behind the first block's neurons is before those of the second. */
const chain = findRoles(
  createGraph(
    modelProto({
      nodes: [
        node('MatMul', ['x', 'first'], ['u1']),
        node('Relu', ['u1'], ['a1']),
        node('MatMul', ['a1', 'between'], ['u2']),
        node('Relu', ['u2'], ['a2']),
        node('MatMul', ['a2', 'last'], ['y']),
      ],
      outputs: ['y'],
      initializers: [weight('first', [8, 16]), weight('between', [16, 12]), weight('last', [12, 3])],
    }),
  ),
).mlpBlocks;

function numbersOf(block: MlpBlock | undefined, share: number): LayerSavings {
  if (block === undefined) return expect.fail('no block');
  const place = { value: block.neurons, rank: 2, unitAxis: 1 };
  const layer: MaskedLayer = {
    layer: block.activation,
    label: block.label,
    neurons: block.hidden,
    sites: 5,
    output: place,
    activation: place,
    block,
    isRectifier: true,
  };
  const savings = savingsOf(layer, share);
  return { layer, share, ...(savings === undefined ? {} : { savings }) };
}

describe('a matrix between two blocks', () => {
  const together = (first: number, second: number): ReturnType<typeof savingsTogether> =>
    savingsTogether([numbersOf(chain[0], first), numbersOf(chain[1], second)]);

  it('counts once: where everything is skipped, every weight is saved, and no more', () => {
    const weights = 8 * 16 + 16 * 12 + 12 * 3;
    expect(together(1, 1)).toEqual({ weights, down: 16 * 12 + 12 * 3, all: weights, operations: 2 * weights * 5 });
  });

  it('is saved where either of its neurons is skipped', () => {
    const all = 0.5 * 8 * 16 + (1 - 0.5 * 0.75) * 16 * 12 + 0.25 * 12 * 3;
    expect(together(0.5, 0.25)).toMatchObject({ all, operations: 2 * all * 5 });
  });
});
