/** Puts nodes between values of a graph and everything that reads them. */
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import { createGraph } from '../graph/graph.js';
import { graphWriter, type GraphWriter } from './graph-writer.js';
import { makeNode } from './nodes.js';
import { asComputed, withoutMakers } from './splice.js';

/**
 * Whatever read a value reads what `write` makes of it: nodes, the bodies in them that capture it, the graph's outputs.
 * The given model is not changed; messages are shared with it.
 * @param values of the main graph; each once.
 * @param write adds nodes that read the value as it was computed, and names what they make.
 * @throws ProblemError `not-applicable` for a value that nothing of the main graph makes.
 */
export function spliceNodes(
  model: ModelProto,
  values: readonly string[],
  write: (writer: GraphWriter, computed: string, value: string) => string,
): ModelProto {
  if (model.graph === undefined) return model;
  const cut = { ...model, graph: withoutMakers(model.graph, new Set(values)) };
  const writer = graphWriter(cut);
  for (const value of values) {
    const made = makeNode('Identity', [write(writer, asComputed(value), value)], [value]);
    // Nodes have names of their own, which may be those of values.
    writer.add({ ...made, name: `${value} spliced` });
  }
  const extended = writer.extend(cut);
  // What was added stands at the end, and is read before it.
  const node = createGraph(extended).order.map(({ proto }) => proto);
  return extended.graph === undefined ? extended : { ...extended, graph: { ...extended.graph, node } };
}
