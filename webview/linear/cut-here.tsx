/** On a node's page: puts an end of the linear system at what the node makes. */
import type { JSX } from 'preact';
import type { GraphNodeDetail } from '../../src/protocol/model.js';
import { Button } from '../controls/button.js';
import { ui } from '../state/interface-state.js';
import { openedModel } from '../state/session.js';

/** Types that no linear system passes through; shapes and types may also be unknown, which the worker finds out. */
const NOT_FLOATING = /int|bool|string|complex/;

export function CutHere({ node }: { node: GraphNodeDetail }): JSX.Element | null {
  const runs = openedModel.value?.overview.network?.cannotRun.length === 0;
  const value = node.outputs.find(({ name, type }) => name !== '' && !NOT_FLOATING.test(type))?.name;
  // Bodies run as often as their node says: no one value stands at their places.
  if (!runs || value === undefined || ui.graphScope.value !== '') return null;
  const cut = (side: 'from' | 'to'): void => {
    ui.linearCut.value = { ...ui.linearCut.value, [side]: value };
    ui.tab.value = 'linear';
  };
  return (
    <div class="button-row">
      <Button title="What follows from this node’s output, as a matrix plus a bias" onClick={() => cut('from')}>
        Start the linear system here
      </Button>
      <Button title="What this node’s output is made of, as a matrix plus a bias" onClick={() => cut('to')}>
        End it here
      </Button>
    </div>
  );
}
