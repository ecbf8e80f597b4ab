import { displayText } from '../display-text.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import { nodeId } from '../graph/item-ids.js';

export interface LabelledValue {
  readonly value: string;
  /** Fit to be shown: the name of an input or output of the graph, else where the node is that makes it. */
  readonly label: string;
  /** Id of the graph item that makes it; undefined for an input of the graph. */
  readonly item?: string;
}

export function labelledValue(graph: Graph, placeOf: (node: GraphNode) => string, value: string): LabelledValue {
  const producer = graph.producerOf(value);
  if (producer === undefined) return { value, label: displayText(value) };
  const item = nodeId(producer);
  if (graph.isOutput(value)) return { value, label: displayText(value), item };
  const several = producer.outputs.filter((each) => each !== '').length > 1;
  const place = placeOf(producer);
  return { value, label: several ? `${place}: ${displayText(value, 80)}` : place, item };
}
