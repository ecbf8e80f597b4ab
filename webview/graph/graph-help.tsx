/** How the graph is searched and moved in: the grammar by example, and every key. */
import type { JSX } from 'preact';
import { FIELDS, SEARCH_EXAMPLES } from '../../src/core/graph/search/query.js';
import { Popover } from '../controls/popover.js';
import { layerMetrics, nodeMetrics } from '../state/metrics.js';

const GRAPH_KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ['↑ ↓', 'along an edge: what the selected item is computed from, and what is computed from it'],
  ['← →', 'to the nearest item on that side'],
  ['Enter', 'opens or closes a module, goes into a body, selects anything else'],
  ['Space', 'selects'],
  ['Shift+↑', 'to the module around'],
  ['+ −', 'larger, smaller'],
  ['0', 'the whole graph'],
  ['Home', 'the view as it was at the beginning'],
  ['P', 'begins a path at the selected item; Enter or a click ends it'],
  ['Ctrl+F or /', 'to the search; ⌘F on a Mac'],
  ['Enter, F3', 'in the search: to the next match; with Shift to the one before'],
  ['Backspace', 'out of a body, to the graph around it'],
  ['Escape', 'leaves a path, then the selection; in the search the list, then the text'],
  ['?', 'this help'],
];

export function GraphHelp({ opener }: { opener: { current: (() => void) | undefined } }): JSX.Element {
  const measured = [...nodeMetrics.value, ...layerMetrics.value];
  return (
    <Popover button="?" label="Search and keys (?)" buttonClass="help" kind="dialog" opener={opener}>
      {() => (
        <div class="graph-help" tabIndex={0}>
          <h3>Search</h3>
          <p class="muted">All terms must hold. Letters’ case never matters.</p>
          <dl class="graph-help-list">
            {SEARCH_EXAMPLES.map(({ query, meaning }) => (
              <>
                <dt key={query}>
                  <code>{query}</code>
                </dt>
                <dd>{meaning}</dd>
              </>
            ))}
          </dl>
          <h3>Fields</h3>
          <dl class="graph-help-list">
            {FIELDS.map(({ name, meaning }) => (
              <>
                <dt key={name}>
                  <code>{name}:</code>
                </dt>
                <dd>{meaning}</dd>
              </>
            ))}
            {measured.map(({ id, label }) => (
              <>
                <dt key={id}>
                  <code>{id.replace(/^(node|layer)-/, '')}:</code>
                </dt>
                <dd>{label}</dd>
              </>
            ))}
          </dl>
          <h3>Keys</h3>
          <dl class="graph-help-list">
            {GRAPH_KEYS.map(([keys, meaning]) => (
              <>
                <dt key={keys}>{keys}</dt>
                <dd>{meaning}</dd>
              </>
            ))}
          </dl>
        </div>
      )}
    </Popover>
  );
}
