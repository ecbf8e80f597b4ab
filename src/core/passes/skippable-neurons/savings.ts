/** What skipping saves: weights that need not be read, and operations that need not be done. An estimate from sizes. */
import type { Graph } from '../../graph/graph.js';
import { safeTensorDims } from '../../formats/onnx/tensor-proto.js';
import { elementCount } from '../../tensor/tensor.js';
import type { MaskedLayer } from './masked-layers.js';

export interface Savings {
  /** Weights of the layer's block, per site where it is dense. */
  readonly weights: number;
  /** Weights behind the skipped neurons: they are known only once the neurons are computed. */
  readonly down: number;
  /** All weights of the skipped neurons: where something foretells which they are. */
  readonly all: number;
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
    down: share * neurons * out,
    all: share * neurons * (into + out),
    operations: 2 * share * neurons * (into + out) * sites,
  };
}

/** Numbers that the graph's initializers hold. */
export function weightsOf(graph: Graph): number {
  return graph.proto.initializer.reduce((sum, tensor) => sum + elementCount(safeTensorDims(tensor) ?? [0]), 0);
}
