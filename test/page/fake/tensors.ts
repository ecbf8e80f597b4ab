import type { TensorRow } from '../../../src/protocol/weights.js';
import type { FakeNetwork } from './network.js';

/** One tensor of weights for every node that has parameters. */
export function tensorsOf(network: FakeNetwork): readonly TensorRow[] {
  return network.nodes
    .filter(({ parameters }) => parameters > 0)
    .map(({ label, module, parameters }, index) => ({
      name: [...module, label, 'weight'].join('.'),
      dims: [parameters],
      dtype: index % 4 === 3 ? 'float16' : 'float32',
      elements: parameters,
      bytes: parameters * (index % 4 === 3 ? 2 : 4),
    }));
}
