/** A circuit that was found: how much it explains, its picture with the slider, a node or group in close-up, and its nodes. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { groupEdges, groupNodes } from '../../src/core/circuits/groups.js';
import { ChartFrame } from '../charts/chart-frame.js';
import { Button } from '../controls/button.js';
import { Disclosure } from '../controls/disclosure.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatShare } from '../format/numbers.js';
import type { FoundCircuit } from '../state/circuits.js';
import { save } from '../state/exports.js';
import { ui } from '../state/interface-state.js';
import { openedModel } from '../state/session.js';
import { ArrangePart } from './arrange-part.js';
import {
  groupOf,
  heldNodes,
  pinNodes,
  renameGroup,
  ungroupNodes,
  unpinNodes,
  type Arrangement,
} from './arrangement.js';
import { CircuitCanvas } from './circuit-canvas.js';
import { CircuitKey } from './circuit-key.js';
import { Scores } from './circuit-scores.js';
import { arranged, circuitName, undone, viewOf, type CircuitView } from './circuit-view.js';
import { MOST_EDGES_DRAWN } from './drawn-edges.js';
import { graphFile } from './graph-file.js';
import { GroupPanel } from './group-panel.js';
import { layoutCircuit } from './layout.js';
import { circuitTitle, nodeName } from './names.js';
import { NodePanel } from './node-panel.js';
import { nodeRows, nodesAsText, NodeTable } from './node-table.js';
import { edgesAt, rankCircuit, shownOf, tokenShares } from './shown.js';
import { TokenStrip } from './token-strip.js';

/** As in circuit-tracer (formats 3.5). */
const EDGE_SHARE = 0.98;

export function CircuitAnswerPart({ found }: { found: FoundCircuit }): JSX.Element {
  const { answer, edges } = found;
  const of = useMemo(() => circuitName(answer.nodes), [answer]);
  const view = viewOf(ui.circuitView.value, of);
  const { share, chosen, arrangement } = view;
  const [marked, setMarked] = useState<ReadonlySet<number>>(new Set());
  const hovered = useSignal<number | undefined>(undefined);
  const canvas = useRef<HTMLCanvasElement>(null);
  const ranked = useMemo(() => rankCircuit(answer, edges), [found]);
  const grouping = useMemo(
    () =>
      groupNodes(
        edges,
        arrangement.groups.map(({ nodes }) => nodes),
      ),
    [edges, arrangement.groups],
  );
  const shares = { nodes: share, edges: EDGE_SHARE };
  const shown = useMemo(
    () => shownOf(edges, ranked, shares, heldNodes(arrangement), grouping),
    [ranked, share, arrangement, grouping],
  );
  const layout = useMemo(() => layoutCircuit(answer.nodes, shown.standing, ranked.order), [shown]);
  const standing = (node: number): number => grouping.standsFor[node] as number;
  const drawing = useMemo(
    () => ({
      nodes: answer.nodes,
      drawn: shown.drawn,
      layout,
      tokens: answer.tokens,
      pinned: new Set(arrangement.pinned),
      marked: new Set([...marked].map(standing)),
      groups: new Map(arrangement.groups.map(({ name, nodes }) => [nodes[0] as number, name])),
    }),
    [shown, layout, marked],
  );
  const listed = useMemo(() => ranked.order.filter((node) => shown.nodes[node] === 1), [ranked, shown]);

  const change = (next: Partial<CircuitView>): void => {
    ui.circuitView.value = { ...viewOf(ui.circuitView.peek(), of), ...next };
  };
  const look = (node: number | undefined, together: boolean): void =>
    change({ chosen: node === undefined ? undefined : { node, together } });
  const arrange = (next: Arrangement): void => {
    ui.circuitView.value = arranged(view, next);
  };
  const undo = (): void => {
    ui.circuitView.value = undone(view);
  };
  const mark = (node: number): void => {
    const next = new Set(marked);
    const together = groupOf(arrangement, node)?.nodes ?? [node];
    const leave = together.every((each) => next.has(each));
    for (const each of together) if (leave) next.delete(each);
      else next.add(each); // prettier-ignore
    setMarked(next);
  };
  const nameOf = (node: number): string => nodeName(answer, node);
  const standingName = (node: number): string => {
    const group = groupOf(arrangement, node);
    return group === undefined ? nameOf(node) : `${group.name} (${group.nodes.length} nodes)`;
  };
  const entering = (node: number): readonly { readonly node: number; readonly weight: number }[] =>
    grouping.grouped[node] === 1
      ? groupEdges(grouping, edges.size, node, 'in')
      : edgesAt(edges, node, 'in').map(({ source, weight }) => ({ node: source, weight }));
  const title = circuitTitle(answer);
  const group = chosen?.together === true ? groupOf(arrangement, chosen.node) : undefined;
  return (
    <>
      <Scores found={found} />
      <label class="circuit-slider">
        <span>
          Nodes that hold <strong>{formatShare(share)}</strong> of the influence: {formatCount(shown.counts.nodes)} of{' '}
          {formatCount(answer.nodes.kind.length)}, with {formatCount(shown.counts.edges)} of{' '}
          {formatCount(edges.sources.length)} edges
          {shown.counts.edges > MOST_EDGES_DRAWN && `; the strongest ${formatCount(MOST_EDGES_DRAWN)} are drawn`}
        </span>
        <input
          type="range"
          min={0.1}
          max={1}
          step={0.01}
          value={share}
          aria-label="Share of the influence that is shown"
          onInput={(event) => change({ share: event.currentTarget.valueAsNumber })}
        />
      </label>
      <TokenStrip
        tokens={answer.tokens}
        hovered={hovered}
        selected={chosen && standing(chosen.node)}
        positionOf={(node) => answer.nodes.position[node] as number}
        sharesOf={(node) => tokenShares(entering(node), answer.nodes.position, answer.tokens.length)}
      />
      <div class="circuit-picture">
        <ChartFrame
          title={title}
          definition="A column for each token, a row for each layer. An edge is what its source adds to its target: the source’s activation times what one unit of it adds while attention patterns and normalisations are held. Blue adds, orange and dashed takes away; wider is a larger part of its target. A group stands where its most influential node stood; its edges are the sums of those of its nodes."
          foot={`${answer.data}${answer.synthetic ? ', random inputs' : ''}`}
          table={() => nodesAsText(nodeRows(answer, ranked.order, ranked.influence, arrangement), shown.nodes)}
          canvas={canvas}
        >
          <CircuitCanvas
            label={title}
            drawing={drawing}
            selected={chosen && standing(chosen.node)}
            hovered={hovered}
            onSelect={(node) => look(node, node !== undefined && grouping.grouped[node] === 1)}
            onMark={mark}
            onUndo={undo}
            nameOf={standingName}
            order={ranked.order}
            canvas={canvas}
          />
          <CircuitKey />
        </ChartFrame>
        {group !== undefined && (
          <GroupPanel
            key={group.nodes[0]}
            found={found}
            group={group}
            grouping={grouping}
            influence={ranked.influence}
            nameOf={nameOf}
            standingName={standingName}
            onRename={(name) => arrange(renameGroup(arrangement, group.nodes[0] as number, name))}
            onUngroup={() => arrange(ungroupNodes(arrangement, group.nodes[0] as number))}
            onLook={look}
            onClose={() => look(undefined, false)}
          />
        )}
        {chosen !== undefined && group === undefined && (
          <NodePanel
            key={chosen.node}
            found={found}
            node={chosen.node}
            influence={ranked.influence[chosen.node] as number}
            group={groupOf(arrangement, chosen.node)?.name}
            pinned={arrangement.pinned.includes(chosen.node)}
            onPin={(pinned) =>
              arrange(pinned ? pinNodes(arrangement, [chosen.node]) : unpinNodes(arrangement, new Set([chosen.node])))
            }
            onGroup={() => look(standing(chosen.node), true)}
            onSelect={(node) => look(node, false)}
          />
        )}
      </div>
      <ArrangePart
        arrangement={arrangement}
        marked={marked}
        influence={ranked.influence}
        nameOf={nameOf}
        onArrange={arrange}
        onMark={setMarked}
        onLook={look}
        {...(view.past.length === 0 ? {} : { onUndo: undo })}
      />
      <div class="button-row">
        <Button
          icon="save"
          onClick={() =>
            void save(
              graphFile({
                found,
                model: openedModel.value?.overview.fileName ?? 'model',
                transcoders: openedModel.value?.transcoders,
                influence: ranked.influence,
                kept: shown,
                shares,
                arrangement,
                chosen: chosen?.node,
              }),
            )
          }
        >
          Save as Graph…
        </Button>
        <Help about="Save as Graph">
          JSON that circuit-tracer and Neuronpedia read: the nodes and edges that are shown, pinned nodes, and groups as
          supernodes.
        </Help>
      </div>
      <Disclosure
        name="circuit-nodes"
        title="Nodes as a table"
        hint={`${formatCount(listed.length)} rows, sorted as you like`}
      >
        {() => (
          <NodeTable
            answer={answer}
            nodes={listed}
            influence={ranked.influence}
            arrangement={arrangement}
            selected={chosen?.node}
            onSelect={(node) => look(node, false)}
            title={title}
          />
        )}
      </Disclosure>
    </>
  );
}
