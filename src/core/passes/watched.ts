/** What passes watch beside the activation layers: asked of them before a run, probed as layers are, handed back to each. */
import { nodeScopes } from '../graph/scopes.js';
import type { ActivationLayer, ObservedLayer } from '../graph/layers.js';
import type { ModelFacts, Watcher } from './pass.js';

export interface Watching {
  /** Every watched value once, those that are activation layers left out: they are probed anyway. */
  readonly values: readonly ActivationLayer[];
  /**
   * What each pass watches, by its id, as far as it could be observed, under the names that the pass gave.
   * @param observed layers and watched values, as a probe run found them.
   */
  by(observed: readonly ObservedLayer[]): ReadonlyMap<string, readonly ObservedLayer[]>;
}

export function watchedBy(passes: readonly Watcher[], model: ModelFacts): Watching {
  const { graph, layers } = model;
  const wanted = new Map(passes.map((pass) => [pass.id, pass.watches?.(model) ?? []]));
  const scopes = nodeScopes(graph);
  const values = new Map<string, ActivationLayer>();
  for (const { value, label } of [...wanted.values()].flat()) {
    if (values.has(value)) continue;
    const producer = graph.producerOf(value);
    values.set(value, {
      value,
      label,
      module: producer === undefined ? [] : (scopes[producer.index]?.module ?? []),
      operator: producer?.opType ?? 'Input',
      family: 'value',
      range: {},
    });
  }
  for (const layer of layers) values.delete(layer.value);
  return {
    values: [...values.values()],
    by(observed) {
      const found = new Map(observed.map((layer) => [layer.value, layer]));
      return new Map(
        [...wanted].map(([id, watched]) => [
          id,
          watched.flatMap(({ value, label }) => {
            const layer = found.get(value);
            return layer === undefined ? [] : [{ ...layer, label }];
          }),
        ]),
      );
    },
  };
}
