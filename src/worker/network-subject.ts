import type { Engine } from '../core/engine/engine.js';
import type { TensorFile } from '../core/formats/tensor-file.js';
import type { NetworkSubject } from '../core/passes/pass.js';
import type { InferredShapes } from '../core/rewrite/infer-shapes.js';
import type { ModelFile, Network } from './open-model.js';

/** The network as passes over the file see it, at sizes chosen for its open dimensions. */
export function networkSubject(
  { weights }: ModelFile,
  network: Network,
  engine: Engine,
  shapes: () => Promise<InferredShapes>,
): (sizes: Readonly<Record<string, number>>) => NetworkSubject {
  const tensorOf = tensorsOf(weights, network);
  return (sizes) => ({
    graph: network.graph,
    layers: network.layers,
    tensorOf,
    sizes,
    shapes: async (signal) => (await shapes()).at(sizes, signal),
    engine,
    toRunnable: network.toRunnable,
  });
}

/** Place in the file of the tensor that a value of the main graph is. */
export function tensorsOf({ tensors }: TensorFile, { graph }: Network): (value: string) => number | undefined {
  const indices = new Map(tensors.map(({ name }, index) => [name, index]));
  return (value) => (graph.initializer(value) === undefined ? undefined : indices.get(value));
}
