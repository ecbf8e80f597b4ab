/** A circuit that was found: how much it explains, its picture with the slider, a node in close-up, and its nodes as a table. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { NODE_KINDS } from '../../src/protocol/circuits.js';
import { ChartFrame } from '../charts/chart-frame.js';
import { Badge } from '../controls/fields.js';
import { Icon } from '../controls/icon.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatExact, formatNumber, formatSeconds, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import type { FoundCircuit } from '../state/circuits.js';
import { CircuitCanvas } from './circuit-canvas.js';
import { layoutCircuit } from './layout.js';
import { nodeName } from './names.js';
import { NodePanel } from './node-panel.js';
import { MOST_EDGES_DRAWN, rankCircuit, shownOf } from './shown.js';

/** Of the identity, relative to the sizes: what single precision may leave (methods section 0). */
const TOLERANCE = 1e-4;
const EDGE_SHARE = 0.98;

export function CircuitAnswerPart({ found }: { found: FoundCircuit }): JSX.Element {
  const { answer, edges } = found;
  const [share, setShare] = useState(0.8);
  const [pinned, setPinned] = useState<ReadonlySet<number>>(new Set());
  const [selected, setSelected] = useState<number>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const ranked = useMemo(() => rankCircuit(answer, edges), [found]);
  const shown = useMemo(
    () => shownOf(edges, ranked, { nodes: share, edges: EDGE_SHARE }, pinned),
    [ranked, share, pinned],
  );
  const layout = useMemo(() => layoutCircuit(answer.nodes, shown.nodes, ranked.order), [shown]);
  const drawing = useMemo(
    () => ({ nodes: answer.nodes, edges, drawn: shown.drawn, layout, tokens: answer.tokens, pinned }),
    [shown, layout],
  );
  const nameOf = (node: number): string => nodeName(answer, node);
  const pin = (node: number): void => {
    const next = new Set(pinned);
    if (!next.delete(node)) next.add(node);
    setPinned(next);
  };
  const title = `Circuit of ${answer.outputs.map(({ text }) => text).join(', ') || 'a feature'}`;
  const table = (): TextTable => ({
    header: ['node', 'kind', 'layer', 'token', 'feature', 'activation', 'influence', 'shown'],
    rows: ranked.order.map((node) => {
      const { kind, layer, position, feature, activation } = answer.nodes;
      return [
        nameOf(node),
        NODE_KINDS[kind[node] as number] ?? '',
        String(layer[node]),
        answer.tokens[position[node] as number] ?? '',
        String(feature[node]),
        formatExact(activation[node] as number),
        formatExact(ranked.influence[node] as number),
        shown.nodes[node] === 1 ? 'yes' : 'no',
      ];
    }),
  });
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
          onInput={(event) => setShare(event.currentTarget.valueAsNumber)}
        />
      </label>
      <div class="circuit-picture">
        <ChartFrame
          title={title}
          definition="A column for each token, a row for each layer. An edge is what its source adds to its target: the source’s activation times what one unit of it adds while attention patterns and normalisations are held (methods B2). Blue adds, orange and dashed takes away; wider is a larger part of its target."
          foot={`${answer.data}${answer.synthetic ? ', random inputs' : ''}`}
          table={table}
          canvas={canvas}
        >
          <CircuitCanvas
            label={title}
            drawing={drawing}
            selected={selected}
            onSelect={setSelected}
            nameOf={nameOf}
            order={ranked.order}
            canvas={canvas}
          />
          <Key />
        </ChartFrame>
        {selected !== undefined && (
          <NodePanel
            key={selected}
            found={found}
            node={selected}
            influence={ranked.influence[selected] as number}
            pinned={pinned.has(selected)}
            onPin={() => pin(selected)}
            onSelect={setSelected}
          />
        )}
      </div>
    </>
  );
}

function Key(): JSX.Element {
  return (
    <ul class="circuit-key" aria-label="Key">
      <li>
        <span class="circuit-mark circuit-mark-token" /> token or output
      </li>
      <li>
        <span class="circuit-mark circuit-mark-feature" /> feature
      </li>
      <li>
        <span class="circuit-mark circuit-mark-error" /> what a transcoder missed (error)
      </li>
      <li>
        <span class="circuit-line" /> adds
      </li>
      <li>
        <span class="circuit-line circuit-line-negative" /> takes away
      </li>
    </ul>
  );
}

function Scores({ found: { answer } }: { found: FoundCircuit }): JSX.Element {
  const { replacement, completeness, residual, active, leftOut, layersWithout, likely, seconds, data, synthetic } =
    answer;
  return (
    <>
      <p class="muted">
        {data}, in {formatSeconds(seconds)}. {synthetic && <Badge tone="warning">random inputs</Badge>} Likely next:{' '}
        {likely
          .slice(0, 5)
          .map(({ text, probability }) => `${text} ${formatShare(probability)}`)
          .join(', ')}
        .
      </p>
      <div class="feature-figures circuit-scores">
        <Score
          label="through features"
          value={formatShare(replacement)}
          help="Replacement score: of the influence that reaches tokens and errors, the share that reaches tokens. The rest goes through what transcoders miss (formats 3.5)."
        />
        <Score
          label="explained inputs"
          value={formatShare(completeness)}
          help="Completeness score: of what makes up the nodes, weighted by their influence, the share that is not errors (formats 3.5)."
        />
        <Score
          label="does not add up"
          value={formatNumber(residual)}
          help="The largest difference between a target’s value and the sum of its edges, biases and features that are no nodes, relative to their sizes. Single precision leaves up to 0.0001."
        />
        <Score
          label="active features"
          value={formatCount(active)}
          help={`Features above zero at some token; ${formatCount(leftOut)} of them are no nodes, the least influential ones.`}
        />
      </div>
      {residual > TOLERANCE && (
        <p class="feature-warning" role="note">
          <Icon name="warning" class="icon-warning" /> The parts do not add up to the targets: do not rely on this
          circuit.
        </p>
      )}
      {layersWithout.length > 0 && (
        <p class="feature-warning" role="note">
          <Icon name="warning" class="icon-warning" /> Layers {layersWithout.join(', ')} have no transcoder: all that
          their MLPs write counts as error.
        </p>
      )}
    </>
  );
}

function Score({ label, value, help }: { label: string; value: string; help: string }): JSX.Element {
  return (
    <div class="figure">
      <span class="figure-value">{value}</span>
      <span class="figure-label muted">
        {label} <Help about={label}>{help}</Help>
      </span>
    </div>
  );
}
