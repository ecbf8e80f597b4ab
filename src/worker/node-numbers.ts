/** What is known of every node as a number: its parameters, what passes over the file measured, and its layers' metrics. */
import type { Graph } from '../core/graph/graph.js';
import { countParameters } from '../core/graph/parameters.js';
import type { SearchMetric } from '../core/graph/search/query.js';
import { isHidden } from '../core/graph/scopes.js';
import type { FileResult, LayerMetric, NodeMetric, RunResult } from '../core/passes/result.js';

/** As colours of the graph are named. */
const PARAMETERS = 'parameters';

export interface Results {
  readonly result: RunResult | undefined;
  readonly fileResult: FileResult | undefined;
}

/** Every metric that passes left, by node; a node with several layers has the largest of their values. */
export function nodeNumbers(graph: Graph, { result, fileResult }: Results): readonly NodeMetric[] {
  const passes = [...(result?.passes ?? []), ...(fileResult?.passes ?? [])];
  return [
    ...passes.flatMap(({ nodeMetrics = [] }) => nodeMetrics),
    ...passes.flatMap(({ layerMetrics }) => layerMetrics.map((metric) => byNode(graph, metric))),
    parameters(graph),
  ];
}

function parameters(graph: Graph): NodeMetric {
  const { byNode: counts } = countParameters(graph);
  return {
    id: PARAMETERS,
    label: 'Parameters',
    definition: 'How many trained numbers a node holds: the elements of its floating-point initializers.',
    format: 'count',
    scale: 'sequential',
    spread: 'logarithmic',
    aggregate: 'sum',
    values: Float64Array.from(graph.nodes, (node) => (isHidden(node) ? NaN : (counts[node.index] ?? 0))),
  };
}

function byNode(graph: Graph, { values, ...quantity }: LayerMetric): NodeMetric {
  const numbers = new Float64Array(graph.nodes.length).fill(NaN);
  for (const [layer, value] of Object.entries(values)) {
    const node = graph.producerOf(layer);
    if (node === undefined || Number.isNaN(value)) continue;
    const known = numbers[node.index] ?? NaN;
    numbers[node.index] = Number.isNaN(known) ? value : Math.max(known, value);
  }
  return { ...quantity, aggregate: 'maximum', values: numbers };
}

/** "node-operations" is written `operations` in a query, "layer-zero-share" `zero-share`. */
export function searchMetrics(numbers: readonly NodeMetric[]): readonly SearchMetric[] {
  const metrics = new Map<string, SearchMetric>();
  for (const { id, label, aggregate, values } of numbers) {
    const name = id.replace(/^(node|layer)-/, '');
    if (id !== PARAMETERS && !metrics.has(name)) metrics.set(name, { name, label, aggregate, values });
  }
  return [...metrics.values()];
}
