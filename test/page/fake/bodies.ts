/** Bodies of the fake network's nodes: what the worker answers about them. */
import { problem } from '../../../src/core/errors.js';
import { idInScope, idWithinScope, itemOfId, scopeOfId } from '../../../src/core/graph/item-ids.js';
import type { GraphPicture, ScopeReference } from '../../../src/protocol/model.js';
import type { FakeNetwork } from './network.js';
import { picture } from './picture.js';

/** The network of a scope, and the way to it. */
function inScope(network: FakeNetwork, scope: string): { network: FakeNetwork; trail: readonly ScopeReference[] } {
  const trail: ScopeReference[] = [];
  let inner = network;
  let around = '';
  for (const { node, body } of scopeOfId(scope) ?? []) {
    const found = inner.bodies?.[`#${node}`]?.[body];
    if (found === undefined) throw problem('not-applicable', 'The graph has no such body.');
    around = `${around === '' ? '' : `${around}/`}#${node}.${body}`;
    trail.push({ scope: around, label: found.label, kind: 'subgraph' });
    inner = found.network;
  }
  return { network: inner, trail };
}

export function bodiesOf(network: FakeNetwork, id: string): readonly ScopeReference[] | undefined {
  const { scope } = itemOfId(id);
  const within = idInScope(scope, '');
  const { network: inner } = inScope(network, within.slice(0, -1));
  const node = idWithinScope(scope, id);
  return inner.bodies?.[node]?.map(({ label }, body) => ({
    scope: `${within}${node}.${body}`,
    label,
    kind: 'subgraph',
  }));
}

export function nodesAround(network: FakeNetwork, id: string): FakeNetwork {
  return inScope(network, idInScope(itemOfId(id).scope, '').slice(0, -1)).network;
}

export function scopePicture(network: FakeNetwork, scope: string, expanded: readonly string[]): GraphPicture {
  const path = scopeOfId(scope) ?? [];
  const { network: inner, trail } = inScope(network, scope);
  const drawn = picture(inner, expanded.map((id) => idWithinScope(path, id))); // prettier-ignore
  const full = (id: string): string => idInScope(path, id);
  return {
    ...drawn,
    trail,
    items: drawn.items.map((item) => {
      const bodies = bodiesOf(network, full(item.id));
      return {
        ...item,
        id: full(item.id),
        parent: item.parent === undefined ? undefined : full(item.parent),
        ...(bodies === undefined ? {} : { bodies }),
      };
    }),
    edges: drawn.edges.map((edge) => ({ ...edge, from: full(edge.from), to: full(edge.to) })),
    expanded: drawn.expanded.map(full),
  };
}
