import type { GraphPicture } from '../core/graph/description.js';
import { itemOfId } from '../core/graph/item-ids.js';
import type { ModuleTree } from '../core/graph/modules.js';
import { nodesIn } from '../core/graph/node-detail.js';
import type { NodeMetric } from '../core/passes/result.js';
import type { Results } from './node-numbers.js';

/** The picture with what passes measured of each item: nodes as they are, modules as all they hold. */
export function withMeasured(picture: GraphPicture, tree: ModuleTree, { result, fileResult }: Results): GraphPicture {
  const passes = [...(result?.passes ?? []), ...(fileResult?.passes ?? [])];
  const metrics = passes.flatMap(({ nodeMetrics = [] }) => nodeMetrics);
  if (metrics.length === 0) return picture;
  const nodesOf = (id: string): readonly number[] => {
    const item = itemOfId(id);
    if (item.kind === 'node') return [item.index];
    const module = item.kind === 'module' ? tree.module(item.id) : undefined;
    return module === undefined ? [] : nodesIn(module).map(({ index }) => index);
  };
  const items = picture.items.map((item) => {
    const nodes = nodesOf(item.id);
    const measured = metrics.map((metric): [string, number] => [metric.id, aggregated(metric, nodes)]);
    const present = measured.filter(([, value]) => !Number.isNaN(value));
    return present.length === 0 ? item : { ...item, measured: Object.fromEntries(present) };
  });
  return { ...picture, items };
}

/** NaN where none of the nodes has a value. */
function aggregated({ aggregate, values }: NodeMetric, nodes: readonly number[]): number {
  let found = NaN;
  for (const node of nodes) {
    const value = values[node] ?? NaN;
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(found)) found = value;
    else found = aggregate === 'sum' ? found + value : Math.max(found, value);
  }
  return found;
}
