import { problem } from '../errors.js';
import {
  AttributeProto_AttributeType as AttributeType,
  type AttributeProto,
  type TensorProto,
} from '../formats/onnx/onnx_pb.js';
import { dataTypeName, safeTensorDims } from '../formats/onnx/tensor-proto.js';
import type { GraphNodeDetail } from './description.js';
import { displayText } from '../display-text.js';
import type { Graph, GraphNode } from './graph.js';
import { bodyScopes, outerValues, scopeOf, type GraphScope } from './graph-scopes.js';
import { itemOfId, type ScopePath } from './item-ids.js';
import { buildModuleTree, isModule, type Module } from './modules.js';
import { shown } from './overview.js';
import { countParameters } from './parameters.js';
import { findRoles } from './roles/roles.js';
import type { NamedValueType, ValueType } from './value-type.js';

const MAXIMUM_ENTRIES = 100;
const MAXIMUM_LIST = 16;

/** What is known beyond the file's structure. */
interface Known {
  /** Types of the values of a graph; by default what the file states. */
  readonly typesOf?: (path: ScopePath) => ((value: string) => ValueType | undefined) | undefined;
  /** Place in the file of the tensor that a value of the main graph is. */
  readonly tensorOf?: (value: string) => number | undefined;
}

/** A graph of the model, and what is known of its values. */
interface Place {
  readonly scope: GraphScope;
  readonly graph: Graph;
  /** Roles are told of the main graph. */
  readonly isMain: boolean;
  readonly typeOf: (value: string) => ValueType | undefined;
  readonly tensorOf: (value: string) => number | undefined;
}

/**
 * Everything about one item of the graph or of a body in it: a node, a module, an input or an output.
 * @throws ProblemError `not-applicable` when the graph has no such item.
 */
export function nodeDetail(main: Graph, id: string, { typesOf, tensorOf }: Known = {}): GraphNodeDetail {
  const item = itemOfId(id);
  const scope = scopeOf(main, item.scope);
  const { graph } = scope;
  const place: Place = {
    scope,
    graph,
    isMain: graph === main,
    typeOf: typesOf?.(item.scope) ?? graph.valueInfo,
    tensorOf: (value) => (graph === main ? tensorOf?.(value) : undefined),
  };
  switch (item.kind) {
    case 'node': {
      const node = graph.nodes[item.index];
      if (node !== undefined) return detailOfNode(place, id, node);
      break;
    }
    case 'module': {
      const module = buildModuleTree(graph).module(item.id);
      if (module !== undefined) return detailOfModule(place, id, module);
      break;
    }
    case 'outer': {
      const value = outerValues(scope)[item.index];
      if (value !== undefined) return detailOfValue(id, item.kind, typed(place, value));
      break;
    }
    case 'input':
    case 'output': {
      const value = (item.kind === 'input' ? graph.inputs : graph.outputs)[item.index];
      if (value !== undefined) return detailOfValue(id, item.kind, typed(place, value.name));
    }
  }
  throw problem('not-applicable', 'The graph has no such item.', {
    place: displayText(id),
    remedy: 'The file may have changed: reload it.',
  });
}

function detailOfNode(place: Place, id: string, node: GraphNode): GraphNodeDetail {
  const { graph, scope } = place;
  const tree = buildModuleTree(graph);
  const bodies = bodyScopes(scope, node);
  const roles = place.isMain ? rolesOf(graph, node) : undefined;
  return {
    id,
    title: displayText(node.name === '' ? tree.nameOf(node) : node.name),
    operator: displayText(node.opType, 80),
    domain: displayText(node.domain === '' ? 'ai.onnx' : node.domain, 80),
    module: pathOf(tree.moduleOf(node)),
    inputs: node.inputs.slice(0, MAXIMUM_ENTRIES).map((value) => {
      const tensor = place.tensorOf(value);
      return {
        ...typed(place, value),
        constant: graph.initializer(value) !== undefined,
        ...(tensor === undefined ? {} : { tensor }),
      };
    }),
    outputs: node.outputs.slice(0, MAXIMUM_ENTRIES).map((value) => typed(place, value)),
    attributes: node.proto.attribute.slice(0, MAXIMUM_ENTRIES).map((attribute) => ({
      name: displayText(attribute.name, 80),
      value: attributeText(attribute),
    })),
    parameters: countParameters(graph).byNode[node.index] ?? 0,
    ...(bodies.length === 0 ? {} : { bodies }),
    ...(roles === undefined ? {} : { roles }),
  };
}

function rolesOf(graph: Graph, node: GraphNode): GraphNodeDetail['roles'] {
  const { pointsOf, groupsOf } = findRoles(graph);
  const points = node.outputs
    .slice(0, MAXIMUM_ENTRIES)
    .flatMap(pointsOf)
    .map((point) => ({ ...point, value: displayText(point.value), place: displayText(point.place) }));
  const partOf = groupsOf(node.index);
  return points.length + partOf.length === 0 ? undefined : { partOf, points };
}

function detailOfModule(place: Place, id: string, module: Module): GraphNodeDetail {
  const { graph } = place;
  const nodes = nodesIn(module);
  const members = new Set(nodes);
  const operators = new Map<string, number>();
  const entering = new Set<string>();
  const leaving = new Set<string>();
  for (const node of nodes) {
    operators.set(node.opType, (operators.get(node.opType) ?? 0) + 1);
    for (const value of node.inputs) {
      const producer = graph.producerOf(value);
      const isConstant = value === '' || graph.initializer(value) !== undefined;
      if (!isConstant && (producer === undefined || !members.has(producer))) entering.add(value);
    }
    for (const value of node.outputs) {
      if (graph.isOutput(value) || graph.consumersOf(value).some((reader) => !members.has(reader))) leaving.add(value);
    }
  }
  const { byNode } = countParameters(graph);
  return {
    id,
    title: module.label,
    operator: moduleCaption(module),
    domain: '',
    module: pathOf(module.parent),
    inputs: [...entering].slice(0, MAXIMUM_ENTRIES).map((value) => ({ ...typed(place, value), constant: false })),
    outputs: [...leaving].slice(0, MAXIMUM_ENTRIES).map((value) => typed(place, value)),
    attributes: [...operators]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MAXIMUM_ENTRIES)
      .map(([operator, count]) => ({ name: displayText(operator, 80), value: String(count) })),
    parameters: nodes.reduce((sum, node) => sum + (byNode[node.index] ?? 0), 0),
  };
}

function detailOfValue(id: string, kind: 'input' | 'outer' | 'output', value: NamedValueType): GraphNodeDetail {
  return {
    id,
    title: displayText(value.name),
    operator: { input: 'Input', outer: 'Value from around the body', output: 'Output' }[kind],
    domain: '',
    module: [],
    inputs: kind === 'output' ? [{ ...shown(value), constant: false }] : [],
    outputs: kind === 'output' ? [] : [shown(value)],
    attributes: [],
    parameters: 0,
  };
}

/** Every node of a module, at any depth, in topological order. */
export function nodesIn(module: Module): GraphNode[] {
  return module.items.flatMap((item) => (isModule(item) ? nodesIn(item) : [item]));
}

/** "12 nodes"; of blocks that are all alike "34 nodes each". */
export function moduleCaption({ nodeCount, blocks }: Module): string {
  return blocks === undefined ? nodeCountText(nodeCount) : `${nodeCountText(nodeCount / blocks)} each`;
}

/** "1 node", "12 nodes". */
export function nodeCountText(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`;
}

function pathOf(module: Module | undefined): readonly string[] {
  return (module?.path ?? []).map((segment) => displayText(segment, 80));
}

function typed({ graph, typeOf }: Place, name: string): NamedValueType {
  return shown({ name, ...(typeOf(name) ?? graph.valueInfo(name) ?? { type: 'unknown', shape: undefined }) });
}

/** An attribute's value in a line. */
export function attributeText(attribute: AttributeProto): string {
  const { type } = attribute;
  if (attribute.refAttrName !== '') return displayText(`the function's “${attribute.refAttrName}”`);
  if (type === AttributeType.FLOAT) return floatText(attribute.f);
  if (type === AttributeType.INT) return String(attribute.i);
  if (type === AttributeType.STRING) return displayText(new TextDecoder().decode(attribute.s.subarray(0, 1000)));
  if (type === AttributeType.FLOATS) return listText(attribute.floats, floatText);
  if (type === AttributeType.INTS) return listText(attribute.ints, String);
  if (type === AttributeType.STRINGS) {
    return listText(attribute.strings, (text) => displayText(new TextDecoder().decode(text.subarray(0, 200)), 80));
  }
  if (attribute.t !== undefined) return tensorText(attribute.t);
  if (attribute.g !== undefined) return nodeCountText(attribute.g.node.length);
  if (attribute.graphs.length > 0) return `${attribute.graphs.length} graphs`;
  if (attribute.tensors.length > 0) return listText(attribute.tensors, tensorText);
  if (type === AttributeType.UNDEFINED) return undefinedTypeText(attribute);
  return displayText((AttributeType[type] ?? `type ${type}`).toLowerCase().replaceAll('_', ' '));
}

/** Files older than IR version 3 leave the type out: the one field that is set tells. */
function undefinedTypeText(attribute: AttributeProto): string {
  if (attribute.ints.length > 0) return listText(attribute.ints, String);
  if (attribute.floats.length > 0) return listText(attribute.floats, floatText);
  if (attribute.s.length > 0) return displayText(new TextDecoder().decode(attribute.s.subarray(0, 1000)));
  return attribute.f !== 0 ? floatText(attribute.f) : String(attribute.i);
}

function listText<T>(values: readonly T[], text: (value: T) => string): string {
  const listed = values.slice(0, MAXIMUM_LIST).map(text).join(', ');
  return values.length > MAXIMUM_LIST ? `[${listed}, … ${values.length} in all]` : `[${listed}]`;
}

/** Single-precision attributes are written with the digits that single precision has. */
function floatText(value: number): string {
  return String(Number(value.toPrecision(7)));
}

function tensorText(tensor: TensorProto): string {
  return `${dataTypeName(tensor.dataType)} [${(safeTensorDims(tensor) ?? ['?']).join(', ')}]`;
}
