/** The graphs of a model that a person can open: the main one, subgraphs of nodes, and the model's own functions. */
import { displayText } from '../display-text.js';
import { problem } from '../errors.js';
import { attributeGraphs } from '../formats/onnx/walk.js';
import { capturedValues } from './captured-values.js';
import type { ScopeReference } from './description.js';
import { calledFunction, functionBody } from './function-body.js';
import type { Graph, GraphNode } from './graph.js';
import { MAXIMUM_SCOPE_DEPTH, scopeId, type ScopePath, type ScopeStep } from './item-ids.js';

export interface GraphScope {
  readonly path: ScopePath;
  readonly graph: Graph;
  readonly kind: 'main' | 'subgraph' | 'function';
  /** "then_branch", the name of a function; "" for the main graph. */
  readonly name: string;
  /** The node that it belongs to, and the graph which that is part of; the main graph has none. */
  readonly holder?: { readonly scope: GraphScope; readonly node: GraphNode };
}

/** Bodies of one node that are listed; no operator has more than two. */
const MAXIMUM_BODIES = 64;

/** What can be opened in a node: its subgraphs, then the function that it calls. */
export function bodyScopes({ graph, path }: GraphScope, node: GraphNode): readonly ScopeReference[] {
  if (path.length >= MAXIMUM_SCOPE_DEPTH) return [];
  const called = calledFunction(graph.model, node.proto);
  const names = attributeGraphs(node.proto).map(({ attribute }) => attribute);
  return (called === undefined ? names : [...names, called.name]).slice(0, MAXIMUM_BODIES).map((name, body) => ({
    scope: scopeId([...path, { node: node.index, body }]),
    label: displayText(name, 80),
    kind: body < names.length ? 'subgraph' : 'function',
  }));
}

export function hasBody({ model }: Graph, { proto }: GraphNode): boolean {
  return attributeGraphs(proto).length > 0 || calledFunction(model, proto) !== undefined;
}

/** The whole model's graph, where every path begins. */
export function mainScope(graph: Graph): GraphScope {
  return { path: [], graph, kind: 'main', name: '' };
}

/**
 * The graph at the end of a path.
 * @throws ProblemError `not-applicable` when the path leads nowhere or is too deep.
 */
export function scopeOf(main: Graph, path: ScopePath): GraphScope {
  return path.reduce(innerScope, mainScope(main));
}

/** One step further in. @throws as {@link scopeOf}. */
export function innerScope(scope: GraphScope, step: ScopeStep): GraphScope {
  const path = [...scope.path, step];
  if (path.length > MAXIMUM_SCOPE_DEPTH) throw nowhere(path, 'Functions call each other too deeply to be opened.');
  const node = scope.graph.nodes[step.node];
  const inner = node === undefined ? undefined : bodyOf(scope, node, step.body);
  if (inner === undefined) throw nowhere(path, 'The graph has no such body.');
  return { ...inner, path };
}

function bodyOf(scope: GraphScope, node: GraphNode, body: number): Omit<GraphScope, 'path'> | undefined {
  const holder = { scope, node };
  const count = attributeGraphs(node.proto).length;
  if (body < count) {
    const subgraph = scope.graph.subgraphs(node)[body];
    return subgraph && { graph: subgraph.graph, kind: 'subgraph', name: subgraph.attribute, holder };
  }
  const called = calledFunction(scope.graph.model, node.proto);
  if (called === undefined || body > count) return undefined;
  return { graph: functionBody(scope.graph, node, called), kind: 'function', name: called.name, holder };
}

function nowhere(path: ScopePath, message: string): Error {
  return problem('not-applicable', message, {
    place: displayText(scopeId(path)),
    remedy: 'The file may have changed: reload it.',
  });
}

/** Values that a body reads from the graphs around it, weights and other constants left out, in the order of reading. */
export function outerValues({ graph, kind }: GraphScope): readonly string[] {
  if (kind !== 'subgraph') return [];
  return [...capturedValues(graph.proto)].filter((value) => graph.initializer(value) === undefined);
}
