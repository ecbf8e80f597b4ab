import { inputRanges } from '../core/dataset/input-ranges.js';
import type { Recipe } from '../core/dataset/recipe.js';
import type { Engine } from '../core/engine/engine.js';
import type { TensorFile } from '../core/formats/tensor-file.js';
import type { NetworkSubject } from '../core/passes/pass.js';
import type { InferredShapes } from '../core/rewrite/infer-shapes.js';
import type { Network } from './open-model.js';

/** The network as passes over the file see it, at sizes chosen for its open dimensions. */
export function networkSubject(
  network: Network,
  tensorOf: NetworkSubject['tensorOf'],
  engine: Engine,
  shapes: () => Promise<InferredShapes>,
  recipe: () => Recipe,
): (sizes: Readonly<Record<string, number>>) => NetworkSubject {
  return (sizes) => ({
    graph: network.graph,
    layers: network.layers,
    tensorOf,
    sizes,
    shapes: async (signal) => (await shapes()).at(sizes, signal),
    engine,
    toRunnable: network.toRunnable,
    box: { ranges: inputRanges(recipe()), splits: recipe().box?.splits ?? 0 },
  });
}

/** Place in the file of the tensor that a value of the main graph is. Names are put in order when first asked for. */
export function tensorsOf({ tensors }: TensorFile, { graph }: Network): NetworkSubject['tensorOf'] {
  let indices: ReadonlyMap<string, number> | undefined;
  return (value) => {
    if (graph.initializer(value) === undefined) return undefined;
    indices ??= new Map(tensors.map(({ name }, index) => [name, index]));
    return indices.get(value);
  };
}
