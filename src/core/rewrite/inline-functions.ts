/** Calls of the model's own functions, written out in place. */
import type { GraphProto, ModelProto, NodeProto } from '../formats/onnx/onnx_pb.js';
import { problem } from '../errors.js';
import { calledFunction, functionBody } from '../graph/function-body.js';
import { createGraph } from '../graph/graph.js';
import { raiseNodes, raiseOpset, standardOpset, unusedPrefix } from './raise-opset.js';
import { renamedNode } from './rename-nodes.js';

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
    const fresh = (name: string): string => `${prefix}${call.index}_${name}`;
    const rename = (name: string): string => names.get(name) ?? fresh(name);
    const body = functionBody(graph, call, definition);
    let count = 0;
    for (const entry of body.model.opsetImport) {
      const known = versions.get(standardName(entry.domain));
      if (known === undefined || known.version < entry.version) versions.set(standardName(entry.domain), entry);
    }
    const from = standardOpset(body.model);
    const raised = raiseNodes(body.proto.node, from, () => `raised ${count++}`);
    return raised.map((inner) => renamedNode(inner, rename, fresh));
  });
  return { ...model, opsetImport: [...versions.values()], graph: { ...graph.proto, node } };
}

function standardName(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}
