/**
 * Where a node stands in the program it was exported from: its module path ("layer2", "0") and its own short name
 * ("conv1"), recovered from what exporters leave in node names and weight names.
 */
import { TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import { activationOfOperator } from './activations/operators.js';
import { floatValues } from './float-values.js';
import type { Graph, GraphNode } from './graph.js';
import { pathOfName, pathOfScopes, pathOfWeight, isOperatorLike } from './names.js';

export interface NodeScope {
  /** Module path, outermost first; empty at the top. */
  readonly module: readonly string[];
  /** Short name inside the module. */
  readonly name: string;
  /** Module path and name as the node's scope or its weights tell them; undefined where neither does. */
  readonly path: readonly string[] | undefined;
}

interface OwnScope extends NodeScope {
  /** Taken from the node before it, because the node's own names tell nothing. */
  readonly inherited: boolean;
}

const cache = new WeakMap<Graph, readonly NodeScope[]>();

/** Scope of every node, by node index. Computed once per graph. */
export function nodeScopes(graph: Graph): readonly NodeScope[] {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const scopes = foldSingles(graph, withoutCommonPrefix(graph, ownScopes(graph)));
  cache.set(graph, scopes);
  return scopes;
}

function ownScopes(graph: Graph): OwnScope[] {
  const scopes: OwnScope[] = [];
  const position = new Map(graph.order.map((node, index) => [node, index]));
  for (const node of graph.order) scopes[node.index] = scopeOf(node) ?? inherit(node);
  const floats = floatValues(graph);
  for (const node of [...graph.order].reverse()) joinReaders(node);
  return scopes;

  /** Sizes and indices that would stand at the top, for want of named producers, belong to the one module that reads them. */
  function joinReaders(node: GraphNode): void {
    const own = scopes[node.index];
    if (own === undefined || !own.inherited || own.module.length > 0) return;
    if (node.outputs.some((value) => floats.has(value))) return;
    const readers = node.outputs
      .flatMap((value) => graph.consumersOf(value))
      .map((reader) => scopes[reader.index]?.module ?? []);
    const [first, ...others] = readers;
    if (first === undefined || node.outputs.some((value) => graph.isOutput(value))) return;
    const module = others.reduce<readonly string[]>((around, other) => moduleAround(around, other) ?? [], first);
    scopes[node.index] = { ...own, module };
  }

  function scopeOf(node: GraphNode): OwnScope | undefined {
    const metadata = node.proto.metadataProps.find((entry) => entry.key === 'pkg.torch.onnx.name_scopes');
    const scoped =
      (metadata === undefined ? undefined : pathOfScopes(metadata.value)) ??
      pathOfName(node.name) ??
      (node.name === '' && (node.outputs[0] ?? '').includes('/') ? pathOfName(node.outputs[0] ?? '') : undefined);
    if (scoped !== undefined) {
      const tells = !isOperatorLike(scoped.name, node.opType);
      const path = scoped.module.length > 0 && scoped.leafIsOperation ? scoped.module : [...scoped.module, scoped.name];
      return {
        module: scoped.module,
        name: scoped.name,
        path: scoped.module.length > 0 || tells ? path : undefined,
        inherited: false,
      };
    }
    for (const input of node.inputs) {
      const tensor = graph.initializer(input);
      const path = tensor === undefined || !isWeight(tensor.dataType) ? undefined : pathOfWeight(input);
      if (path !== undefined) {
        const plain = node.name !== '' && !isOperatorLike(node.name, node.opType);
        return {
          module: path.slice(0, -1),
          name: plain ? node.name : (path.at(-1) ?? node.opType),
          path,
          inherited: false,
        };
      }
    }
    return undefined;
  }

  /**
   * A node without telling names stands where the last of its producers stands, or in the module around its producers
   * when they are parts of one: the sum after a block's shortcut belongs to the block.
   */
  function inherit(node: GraphNode): OwnScope {
    const modules = node.inputs
      .map((input) => graph.producerOf(input))
      .filter((producer) => producer !== undefined && !isHidden(producer))
      .sort((a, b) => (position.get(b as GraphNode) ?? 0) - (position.get(a as GraphNode) ?? 0))
      .map((producer) => scopes[producer?.index ?? -1]?.module ?? []);
    const [latest = [], ...others] = modules;
    return {
      module: others.reduce((module, other) => moduleAround(module, other) ?? module, latest),
      name: node.name === '' ? node.opType : node.name,
      path: undefined,
      inherited: true,
    };
  }
}

/** The module that both are parts of; undefined where they are two of a list ("layer1/0", "layer1/1") or unrelated. */
function moduleAround(a: readonly string[], b: readonly string[]): readonly string[] | undefined {
  let shared = 0;
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++;
  const isListItem = (segment: string | undefined): boolean => segment !== undefined && /^\d+$/.test(segment);
  if (shared === 0 || (isListItem(a[shared]) && isListItem(b[shared]))) return undefined;
  return a.slice(0, shared);
}

function isWeight(dataType: number): boolean {
  return ![DataType.INT64, DataType.INT32, DataType.BOOL, DataType.STRING].includes(dataType);
}

/** Outer modules that every node of interest is in ("model", "StatefulPartitionedCall/sequential"): names leave them out. */
export function commonPrefix(graph: Graph): readonly string[] {
  return prefixOf(graph, ownScopes(graph));
}

function prefixOf(graph: Graph, scopes: readonly OwnScope[]): readonly string[] {
  const paths = graph.nodes
    .filter((node) => scopes[node.index]?.inherited === false && isOfInterest(graph, node))
    .map((node) => scopes[node.index]?.module ?? []);
  const [first = []] = paths;
  let length = 0;
  while (length < first.length && paths.every((path) => path[length] === first[length])) length++;
  // "layers/0" and "layers/1" need their "layers"; a graph that is one module needs its name.
  if (paths.some((path) => /^\d+$/.test(path[length] ?? ''))) length--;
  if (new Set(paths.map((path) => path.join('/'))).size < 2) length = 0;
  return first.slice(0, Math.max(length, 0));
}

function withoutCommonPrefix(graph: Graph, scopes: readonly OwnScope[]): OwnScope[] {
  const prefix = prefixOf(graph, scopes);
  if (prefix.length === 0) return [...scopes];
  const strip = (path: readonly string[]): readonly string[] =>
    path.length >= prefix.length && prefix.every((segment, index) => path[index] === segment)
      ? path.slice(prefix.length)
      : path;
  return scopes.map((scope) => {
    const path = scope.path === undefined ? undefined : strip(scope.path);
    return { ...scope, module: strip(scope.module), path: path?.length === 0 ? undefined : path };
  });
}

function isOfInterest(graph: Graph, node: GraphNode): boolean {
  if (activationOfOperator(node, graph) !== undefined) return true;
  return node.inputs.some((input) => {
    const tensor = graph.initializer(input);
    return tensor !== undefined && isWeight(tensor.dataType) && tensor.dims.some((dim) => dim > 1n);
  });
}

/** A module that holds one node is that node: "conv1" with nothing but a Conv inside. */
function foldSingles(graph: Graph, scopes: readonly OwnScope[]): NodeScope[] {
  const held = new Map<string, number>();
  for (const node of graph.nodes) {
    if (isHidden(node)) continue;
    const module = scopes[node.index]?.module ?? [];
    for (let depth = 1; depth <= module.length; depth++) {
      const key = module.slice(0, depth).join('/');
      held.set(key, (held.get(key) ?? 0) + 1);
    }
  }
  return scopes.map(({ module, name, path }) => {
    const single = module.length > 0 && held.get(module.join('/')) === 1;
    return single ? { module: module.slice(0, -1), name: module.at(-1) ?? name, path } : { module, name, path };
  });
}

/** Constants are not drawn: they belong to the nodes that read them. */
export function isHidden(node: GraphNode): boolean {
  return node.opType === 'Constant' && node.domain === '';
}
