/** The picture of any graph of a model, the main one or a body, with ids that are one of a kind in the whole model. */
import { displayText } from '../../display-text.js';
import type { GraphPicture, ScopeReference } from '../description.js';
import { bodyScopes, outerValues, type GraphScope } from '../graph-scopes.js';
import { idInScope, idWithinScope, scopeId, type ScopePath } from '../item-ids.js';
import { buildModuleTree } from '../modules.js';
import type { ValueType } from '../value-type.js';
import { initialExpansion } from './first-picture.js';
import { layoutGraph } from './layout.js';

export interface ScopePictureRequest {
  readonly scope: GraphScope;
  /** Ids as pictures of the scope have them; undefined for those that make a good first picture. */
  readonly expanded?: readonly string[] | undefined;
  readonly typeOf?: ((value: string) => ValueType | undefined) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws CancelledError when the signal was aborted. */
export async function scopePicture({ scope, expanded, typeOf, signal }: ScopePictureRequest): Promise<GraphPicture> {
  const { graph, path } = scope;
  const tree = buildModuleTree(graph);
  const picture = await layoutGraph({
    graph,
    tree,
    expanded: expanded?.map((id) => idWithinScope(path, id)) ?? initialExpansion(tree),
    outer: outerValues(scope),
    ...(typeOf === undefined ? {} : { typeOf }),
    signal,
  });
  const known = bodiesOfNodes(scope);
  const items = picture.items.map((item) => {
    const bodies = known.get(item.id);
    return bodies === undefined ? item : { ...item, bodies };
  });
  const named = { ...picture, items, trail: trailOf(scope) };
  return path.length === 0 ? named : inScope(path, named);
}

/** What can be opened in each node, by the node's id within the scope. */
function bodiesOfNodes(scope: GraphScope): ReadonlyMap<string, readonly ScopeReference[]> {
  const bodies = new Map<string, readonly ScopeReference[]>();
  for (const node of scope.graph.nodes) {
    const found = bodyScopes(scope, node);
    if (found.length > 0) bodies.set(`#${node.index}`, found);
  }
  return bodies;
}

function trailOf(scope: GraphScope): readonly ScopeReference[] {
  if (scope.holder === undefined) return [];
  const name = displayText(scope.name, 80);
  const around = trailOf(scope.holder.scope);
  const holder = displayText(buildModuleTree(scope.holder.scope.graph).nameOf(scope.holder.node), 80);
  const label = scope.kind === 'function' || holder === '' ? name : `${holder} ${name}`;
  return [...around, { scope: scopeId(scope.path), label, kind: scope.kind === 'function' ? 'function' : 'subgraph' }];
}

function inScope(path: ScopePath, picture: GraphPicture): GraphPicture {
  const full = (id: string): string => idInScope(path, id);
  return {
    ...picture,
    items: picture.items.map((item) => ({
      ...item,
      id: full(item.id),
      ...(item.parent === undefined ? {} : { parent: full(item.parent) }),
    })),
    edges: picture.edges.map((edge) => ({ ...edge, from: full(edge.from), to: full(edge.to) })),
    expanded: picture.expanded.map(full),
  };
}
