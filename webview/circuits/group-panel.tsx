/** A group of a circuit: its nodes, and the sums of what makes them up and of what they go into. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { groupEdges, membersOf, type Grouping } from '../../src/core/circuits/groups.js';
import { TextButton } from '../controls/button.js';
import { TextField } from '../controls/text-field.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber, formatShare } from '../format/numbers.js';
import type { FoundCircuit } from '../state/circuits.js';
import type { CircuitGroup } from './arrangement.js';
import { Checked, type Side } from './checked.js';

interface GroupPanelProps {
  readonly found: FoundCircuit;
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
  const { found, group, grouping, influence, nameOf, standingName, onRename, onUngroup, onLook, onClose } = props;
  const first = group.nodes[0] as number;
  const size = grouping.standsFor.length;
  const [entering, leaving] = useMemo(
    () => [groupEdges(grouping, size, first, 'in'), groupEdges(grouping, size, first, 'out')],
    [grouping, first],
  );
  const [checked, setChecked] = useState<{ readonly other: number; readonly way: 'in' | 'out' }>();
  const own: Side = { name: group.name, nodes: group.nodes };
  const other: Side | undefined = checked && {
    name: standingName(checked.other),
    nodes: membersOf(grouping, checked.other),
  };
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
        onCheck={(node) => setChecked({ other: node, way: 'in' })}
      />
      <SumList
        {...props}
        title="Goes into"
        help="What the nodes of the group together add to each target: the sum of their edges, exactly."
        list={leaving}
        onCheck={(node) => setChecked({ other: node, way: 'out' })}
      />
      {checked && other !== undefined && other.nodes.length > 0 && (
        <Checked
          key={`${checked.way} ${checked.other}`}
          found={found}
          source={checked.way === 'in' ? other : own}
          target={checked.way === 'in' ? own : other}
        />
      )}
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
  readonly onCheck: (node: number) => void;
}

function SumList({ title, help, list, grouping, standingName, onLook, onCheck }: SumListProps): JSX.Element {
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
              <td>
                <TextButton title="Runs the model without all of the source at once" onClick={() => onCheck(node)}>
                  Check
                </TextButton>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {list.length > EDGES_SHOWN && <p class="muted">and {list.length - EDGES_SHOWN} smaller ones</p>}
    </section>
  );
}
