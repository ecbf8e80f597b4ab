/** One node of a circuit: what it is, what makes it up, what it goes into, and what happens when a source is taken away. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { NODE_KINDS } from '../../src/protocol/circuits.js';
import { TextButton } from '../controls/button.js';
import { Disclosure } from '../controls/disclosure.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber, formatShare } from '../format/numbers.js';
import type { FoundCircuit } from '../state/circuits.js';
import { ByWeights } from './by-weights.js';
import { Checked } from './checked.js';
import { nodeName } from './names.js';
import { edgesAt, type Edge } from './shown.js';
import { ThroughHeads } from './through-heads.js';

interface NodePanelProps {
  readonly found: FoundCircuit;
  readonly node: number;
  readonly influence: number;
  /** The group that it is in. */
  readonly group: string | undefined;
  readonly pinned: boolean;
  readonly onPin: (pinned: boolean) => void;
  /** Looks at the group instead. */
  readonly onGroup: () => void;
  readonly onSelect: (node: number | undefined) => void;
}

const EDGES_SHOWN = 12;

export function NodePanel(props: NodePanelProps): JSX.Element {
  const { found, node, influence, group, pinned, onPin, onGroup, onSelect } = props;
  const { answer, edges } = found;
  const { nodes } = answer;
  const kind = NODE_KINDS[nodes.kind[node] as number];
  const isTarget = kind === 'feature' || kind === 'output';
  const [checked, setChecked] = useState<Edge>();
  // Over all edges of all later nodes: not again at every step of a slider.
  const [entering, leaving] = useMemo(() => [edgesAt(edges, node, 'in'), edgesAt(edges, node, 'out')], [edges, node]);
  return (
    <aside class="circuit-node" aria-label={nodeName(answer, node)}>
      <div class="frame-head">
        <h3 class="frame-title">{nodeName(answer, node)}</h3>
        <span class="spacer-flex" />
        {group === undefined && <TextButton onClick={() => onPin(!pinned)}>{pinned ? 'Unpin' : 'Pin'}</TextButton>}
        <TextButton onClick={() => onSelect(undefined)}>Close</TextButton>
      </div>
      {group !== undefined && (
        <p>
          In the group <TextButton onClick={onGroup}>{group}</TextButton>
        </p>
      )}
      <dl class="facts">
        {kind === 'output' ? (
          <>
            <dt>Probability</dt>
            <dd>{formatShare(answer.outputs.find((output) => output.node === node)?.probability ?? NaN)}</dd>
          </>
        ) : (
          <>
            <dt>
              Influence{' '}
              <Help about="Influence">
                The share of all paths to the outputs that go through it, each edge counted by its share of what makes
                up its target.
              </Help>
            </dt>
            <dd>{formatNumber(influence)}</dd>
          </>
        )}
        {kind === 'feature' && (
          <>
            <dt>Activation</dt>
            <dd>{formatNumber(nodes.activation[node] as number)}</dd>
          </>
        )}
        {isTarget && (
          <>
            <dt>{kind === 'feature' ? 'Pre-activation' : 'Value'}</dt>
            <dd>{formatNumber(nodes.value[node] as number)}</dd>
            <dt>Of it, biases</dt>
            <dd>{formatNumber(nodes.biases[node] as number)}</dd>
            <dt>Features that are no nodes</dt>
            <dd>{formatNumber(nodes.left[node] as number)}</dd>
          </>
        )}
      </dl>
      {isTarget && (
        <EdgeList
          title="Made up of"
          found={found}
          list={entering}
          other="source"
          onSelect={onSelect}
          onCheck={setChecked}
        />
      )}
      {kind !== 'output' && (
        <EdgeList
          title="Goes into"
          found={found}
          list={leaving}
          other="target"
          onSelect={onSelect}
          onCheck={setChecked}
        />
      )}
      {checked && (
        <Checked
          key={`${checked.edge}`}
          found={found}
          source={{ name: nodeName(answer, checked.source), nodes: [checked.source] }}
          target={{ name: nodeName(answer, checked.target), nodes: [checked.target] }}
        />
      )}
      {isTarget && (
        <>
          <Disclosure name="circuit heads" title="Through which heads" hint="runs the model once">
            {() => <ThroughHeads found={found} node={node} />}
          </Disclosure>
          <Disclosure name="circuit weights" title="By weights alone" hint="de-embedding, pulled-back features">
            {() => <ByWeights found={found} node={node} />}
          </Disclosure>
        </>
      )}
    </aside>
  );
}

interface EdgeListProps {
  readonly title: string;
  readonly found: FoundCircuit;
  readonly list: readonly Edge[];
  readonly other: 'source' | 'target';
  readonly onSelect: (node: number) => void;
  readonly onCheck: (edge: Edge) => void;
}

function EdgeList({ title, found: { answer }, list, other, onSelect, onCheck }: EdgeListProps): JSX.Element {
  const total = list.reduce((sum, { weight }) => sum + Math.abs(weight), 0);
  return (
    <section>
      <h4>{title}</h4>
      {list.length === 0 && <p class="muted">No edge.</p>}
      <table class="table circuit-edges">
        <tbody>
          {list.slice(0, EDGES_SHOWN).map((edge) => (
            <tr key={edge.edge}>
              <td>
                <TextButton onClick={() => onSelect(edge[other])}>{nodeName(answer, edge[other])}</TextButton>
              </td>
              <td class="numeric">{formatNumber(edge.weight)}</td>
              <td class="numeric muted">{formatShare(total === 0 ? 0 : Math.abs(edge.weight) / total)}</td>
              <td>
                <TextButton title="Runs the model without the source" onClick={() => onCheck(edge)}>
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
