/** Calls of the model's own functions, written out in place. */
import type { AttributeProto, GraphProto, ModelProto, NodeProto } from '../formats/onnx/onnx_pb.js';
import { problem } from '../errors.js';
import { calledFunction, functionBody } from '../graph/function-body.js';
import { createGraph } from '../graph/graph.js';
import { raiseNodes, raiseOpset, standardOpset, unusedPrefix } from './raise-opset.js';

/** Functions in functions; none that people write goes as deep. */
const MAXIMUM_DEPTH = 32;
/** Nodes that a model may have once everything is written out. */
const MAXIMUM_NODES = 100_000;

/**
 * The model with the calls in its main graph replaced by the nodes of the functions; bodies of control flow keep theirs.
 * @throws ProblemError `malformed-model` when functions call each other without end.
 */
export function inlineFunctions(model: ModelProto): ModelProto {
  let current = model;
  for (let depth = 0; current.graph?.node.some((node) => calledFunction(current, node)) === true; depth++) {
    if (depth === MAXIMUM_DEPTH || inlinedCount(current, current.graph) > MAXIMUM_NODES) {
      throw problem('malformed-model', 'The model’s functions call each other without end.', {
        remedy: 'Check the model with onnx.checker and export it again.',
      });
    }
    // A function may be written in an older operator set than the model, or the model in an older one than it.
    current = inlineOnce(raiseOpset(current));
  }
  return current;
}

function inlinedCount(model: ModelProto, graph: GraphProto): number {
  return graph.node.reduce((count, node) => count + (calledFunction(model, node)?.node.length ?? 1), 0);
}

function inlineOnce(model: ModelProto): ModelProto {
  const graph = createGraph(model);
  const prefix = unusedPrefix(model, 'inlined');
  const versions = new Map(model.opsetImport.map((entry) => [standardName(entry.domain), entry]));
  const node = graph.nodes.flatMap((call): NodeProto[] => {
    const definition = calledFunction(model, call.proto);
    if (definition === undefined) return [call.proto];
    const names = new Map<string, string>();
    definition.input.forEach((name, at) => names.set(name, call.inputs[at] ?? ''));
    definition.output.forEach((name, at) => {
      if ((call.outputs[at] ?? '') !== '') names.set(name, call.outputs[at] ?? '');
    });
    const rename = (name: string): string => (name === '' ? '' : (names.get(name) ?? `${prefix}${call.index}_${name}`));
    const body = functionBody(graph, call, definition);
    let count = 0;
    for (const entry of body.model.opsetImport) {
      const known = versions.get(standardName(entry.domain));
      if (known === undefined || known.version < entry.version) versions.set(standardName(entry.domain), entry);
    }
    const from = standardOpset(body.model);
    const raised = raiseNodes(body.proto.node, from, () => `raised ${count++}`);
    return raised.map((inner) => renamed(inner, rename));
  });
  return { ...model, opsetImport: [...versions.values()], graph: { ...graph.proto, node } };
}

function standardName(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function renamed(node: NodeProto, rename: (name: string) => string): NodeProto {
  const inGraph = (graph: GraphProto): GraphProto => ({
    ...graph,
    node: graph.node.map((inner) => renamed(inner, rename)),
    input: graph.input.map((info) => ({ ...info, name: rename(info.name) })),
    output: graph.output.map((info) => ({ ...info, name: rename(info.name) })),
    initializer: graph.initializer.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
    valueInfo: [],
  });
  const attribute = node.attribute.map((each): AttributeProto => {
    if (each.g === undefined && each.graphs.length === 0) return each;
    return { ...each, g: each.g && inGraph(each.g), graphs: each.graphs.map(inGraph) };
  });
  return {
    ...node,
    name: node.name === '' ? '' : rename(node.name),
    input: node.input.map(rename),
    output: node.output.map(rename),
    attribute,
  };
}
