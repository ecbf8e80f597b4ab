import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TypeProto,
  type ValueInfoProto,
} from '../formats/onnx/onnx_pb.js';
import { attributeGraphs } from '../formats/onnx/walk.js';
import { capturedValues } from '../graph/captured-values.js';

/**
 * The model with the given values as its outputs and only what they need: nodes (a subgraph's captures count as
 * reads), initializers and inputs. Stated shapes of inner values and outputs are left out: engines infer them, and
 * one engine refuses a file whose stated shapes are wrong. The given model is not changed; messages are shared with it.
 */
export function prune(model: ModelProto, outputs: readonly string[]): ModelProto {
  const graph = model.graph ?? create(GraphProtoSchema);
  const { nodes, values } = needed(graph, outputs);
  return create(ModelProtoSchema, {
    // Before version 4 every initializer had to be an input as well; those that rewriting adds are not.
    irVersion: model.irVersion < 4n ? 4n : model.irVersion,
    opsetImport: model.opsetImport,
    producerName: model.producerName,
    producerVersion: model.producerVersion,
    domain: model.domain,
    modelVersion: model.modelVersion,
    metadataProps: model.metadataProps,
    functions: model.functions,
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: graph.node.filter((node) => nodes.has(node)),
      initializer: graph.initializer.filter((tensor) => values.has(tensor.name)),
      sparseInitializer: graph.sparseInitializer.filter((tensor) => values.has(tensor.values?.name ?? '')),
      input: graph.input.filter((input) => values.has(input.name)),
      output: outputInfos(graph, outputs),
    }),
  });
}

/** Nodes that the outputs need, and every value that those nodes read or that is an output. */
function needed(graph: GraphProto, outputs: readonly string[]): { nodes: Set<NodeProto>; values: Set<string> } {
  const producers = new Map<string, NodeProto>();
  for (const node of graph.node) for (const output of node.output) producers.set(output, node);
  const nodes = new Set<NodeProto>();
  const values = new Set<string>();
  const open = [...outputs];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (value === '' || values.has(value)) continue;
    values.add(value);
    const node = producers.get(value);
    if (!node || nodes.has(node)) continue;
    nodes.add(node);
    open.push(...node.input);
    for (const inner of attributeGraphs(node)) open.push(...capturedValues(inner.graph));
  }
  return { nodes, values };
}

function outputInfos(graph: GraphProto, outputs: readonly string[]): ValueInfoProto[] {
  const types = new Map([...graph.valueInfo, ...graph.output].map((info) => [info.name, info.type]));
  return outputs.map((name) => {
    const type = types.get(name);
    return create(ValueInfoProtoSchema, { name, type: type && withoutShape(type) });
  });
}

function withoutShape(type: TypeProto): TypeProto {
  if (type.value.case !== 'tensorType') return type;
  return create(TypeProtoSchema, {
    value: { case: 'tensorType', value: { elemType: type.value.value.elemType } },
  });
}
