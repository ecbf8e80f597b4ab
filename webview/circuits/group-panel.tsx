/** A group of a circuit: its nodes, and the sums of what makes them up and of what they go into. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { groupEdges, type Grouping } from '../../src/core/circuits/groups.js';
import { TextButton } from '../controls/button.js';
import { TextField } from '../controls/text-field.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber, formatShare } from '../format/numbers.js';
import type { CircuitGroup } from './arrangement.js';

interface GroupPanelProps {
  readonly group: CircuitGroup;
  readonly grouping: Grouping;
  readonly influence: Float64Array;
  /** Of one node, and of what stands in the picture: a node or a group. */
  readonly nameOf: (node: number) => string;
  readonly standingName: (node: number) => string;
  readonly onRename: (name: string) => void;
  readonly onUngroup: () => void;
  readonly onLook: (node: number, together: boolean) => void;
  readonly onClose: () => void;
}

const EDGES_SHOWN = 12;

export function GroupPanel(props: GroupPanelProps): JSX.Element {
  const { group, grouping, influence, nameOf, onRename, onUngroup, onLook, onClose } = props;
  const first = group.nodes[0] as number;
  const size = grouping.standsFor.length;
  const [entering, leaving] = useMemo(
    () => [groupEdges(grouping, size, first, 'in'), groupEdges(grouping, size, first, 'out')],
    [grouping, first],
  );
  return (
    <aside class="circuit-node" aria-label={group.name}>
      <div class="frame-head">
        <h3 class="frame-title">{group.name}</h3>
        <span class="spacer-flex" />
        <TextButton onClick={onUngroup}>Ungroup</TextButton>
        <TextButton onClick={onClose}>Close</TextButton>
      </div>
      <Rename key={group.name} name={group.name} onRename={onRename} />
      <section>
        <h4>Its nodes, with their influence</h4>
        <table class="table circuit-edges" aria-label="Nodes of the group">
          <tbody>
            {group.nodes.map((node) => (
              <tr key={node}>
                <td>
                  <TextButton onClick={() => onLook(node, false)}>{nameOf(node)}</TextButton>
                </td>
                <td class="numeric">{formatNumber(influence[node] as number)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <SumList
        {...props}
        title="Made up of"
        help="What each source adds to the nodes of the group, summed over them, each in its own unit. Edges between nodes of the group are left out."
        list={entering}
      />
      <SumList
        {...props}
        title="Goes into"
        help="What the nodes of the group together add to each target: the sum of their edges, exactly. An edge of one node can be checked on that node’s own page."
        list={leaving}
      />
    </aside>
  );
}

function Rename({ name, onRename }: { name: string; onRename: (name: string) => void }): JSX.Element {
  const [draft, setDraft] = useState(name);
  return (
    <div class="button-row">
      <TextField
        label="Name of this group"
        value={draft}
        placeholder="name of the group"
        onInput={setDraft}
        onEnter={onRename}
      />
      {draft !== name && <TextButton onClick={() => onRename(draft)}>Rename</TextButton>}
    </div>
  );
}

interface SumListProps extends GroupPanelProps {
  readonly title: string;
  readonly help: string;
  readonly list: readonly { readonly node: number; readonly weight: number }[];
}

function SumList({ title, help, list, grouping, standingName, onLook }: SumListProps): JSX.Element {
  const total = list.reduce((sum, { weight }) => sum + Math.abs(weight), 0);
  return (
    <section>
      <h4>
        {title} <Help about={title}>{help}</Help>
      </h4>
      {list.length === 0 && <p class="muted">No edge.</p>}
      <table class="table circuit-edges" aria-label={title}>
        <tbody>
          {list.slice(0, EDGES_SHOWN).map(({ node, weight }) => (
            <tr key={node}>
              <td>
                <TextButton onClick={() => onLook(node, grouping.grouped[node] === 1)}>{standingName(node)}</TextButton>
              </td>
              <td class="numeric">{formatNumber(weight)}</td>
              <td class="numeric muted">{formatShare(total === 0 ? 0 : Math.abs(weight) / total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {list.length > EDGES_SHOWN && <p class="muted">and {list.length - EDGES_SHOWN} smaller ones</p>}
    </section>
  );
}
