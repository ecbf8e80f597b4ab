/** The nodes of a circuit that are shown, one row each: what the picture shows, for keyboards and screen readers too. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { NODE_KINDS, type CircuitAnswer } from '../../src/protocol/circuits.js';
import { Table, type Column } from '../controls/table.js';
import { csvFile, TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatExact, formatNumber } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { useExportable } from '../state/exports.js';
import { visible } from '../format/words.js';
import { groupOf, type Arrangement } from './arrangement.js';
import { nodeName } from './names.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

export interface NodeRow {
  readonly node: number;
  readonly name: string;
  readonly kind: string;
  /** NaN of tokens and outputs. */
  readonly layer: number;
  readonly position: number;
  readonly token: string;
  /** NaN of what is no feature. */
  readonly feature: number;
  readonly activation: number;
  /** Of a feature its pre-activation, of an output its logit; NaN of others. */
  readonly value: number;
  readonly influence: number;
  readonly group: string;
}

/** Of the given nodes, in their order. */
export function nodeRows(
  answer: CircuitAnswer,
  nodes: readonly number[],
  influence: Float64Array,
  arrangement: Arrangement,
): readonly NodeRow[] {
  const { kind, layer, position, feature, activation, value } = answer.nodes;
  const pinned = new Set(arrangement.pinned);
  return nodes.map((node) => {
    const name = NODE_KINDS[kind[node] as number] ?? '';
    const isFeature = name === 'feature';
    return {
      node,
      name: nodeName(answer, node),
      kind: name,
      layer: (layer[node] as number) < 0 ? NaN : (layer[node] as number),
      position: position[node] as number,
      token: answer.tokens[position[node] as number] ?? '',
      feature: isFeature ? (feature[node] as number) : NaN,
      activation: isFeature ? (activation[node] as number) : NaN,
      value: isFeature || name === 'output' ? (value[node] as number) : NaN,
      influence: influence[node] as number,
      group: groupOf(arrangement, node)?.name ?? (pinned.has(node) ? 'pinned' : ''),
    };
  });
}

/** Tokens are counted from 1. @param shown by node, 1 where the picture shows it; absent: no such column. */
export function nodesAsText(rows: readonly NodeRow[], shown?: Uint8Array): TextTable {
  const number = (value: number): string => (Number.isNaN(value) ? '' : formatExact(value));
  return {
    header: [
      'node',
      'kind',
      'layer',
      'token number',
      'token',
      'feature',
      'activation',
      'value',
      'influence',
      'group',
      ...(shown === undefined ? [] : ['shown']),
    ],
    rows: rows.map((row) => [
      row.name,
      row.kind,
      number(row.layer),
      String(tokenNumber(row.position)),
      row.token,
      number(row.feature),
      number(row.activation),
      number(row.value),
      number(row.influence),
      row.group,
      ...(shown === undefined ? [] : [shown[row.node] === 1 ? 'yes' : 'no']),
    ]),
  };
}

interface NodeTableProps {
  readonly answer: CircuitAnswer;
  /** Those shown, the most influential first. */
  readonly nodes: readonly number[];
  readonly influence: Float64Array;
  readonly arrangement: Arrangement;
  readonly selected: number | undefined;
  readonly onSelect: (node: number) => void;
  /** Names the files. */
  readonly title: string;
}

export function NodeTable(props: NodeTableProps): JSX.Element {
  const { answer, nodes, influence, arrangement, selected, onSelect, title } = props;
  const rows = useMemo(() => nodeRows(answer, nodes, influence, arrangement), [answer, nodes, arrangement]);
  const text = (): TextTable => nodesAsText(rows);
  const name = `${title} nodes`;
  const touched = useExportable(csvFile(name, text));
  return (
    <section class="circuit-nodes" onPointerDown={touched} onFocusCapture={touched}>
      <div class="frame-head">
        <span class="muted" role="status">
          {formatCount(rows.length)} nodes are shown. Enter looks at the one that is focused.
        </span>
        <span class="spacer-flex" />
        <TableTools title={name} table={text} />
      </div>
      <Table
        name="circuit nodes"
        label="Nodes of the circuit"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ node }) => String(node)}
        selected={({ node }) => node === selected}
        onSelect={({ node }) => onSelect(node)}
      />
    </section>
  );
}

const orNothing = (value: number): string => (Number.isNaN(value) ? '–' : formatNumber(value));

const COLUMNS: readonly Column<NodeRow>[] = [
  {
    id: 'node',
    label: 'Node',
    sortBy: ({ name }) => name,
    cell: ({ name }) => name,
  },
  {
    id: 'kind',
    label: 'Kind',
    help: (
      <Help about="Kind">
        A token’s embedding, a feature, an error (what a transcoder missed of what its MLP wrote), or an output.
      </Help>
    ),
    sortBy: ({ kind }) => kind,
    cell: ({ kind }) => kind,
  },
  {
    id: 'layer',
    label: 'Layer',
    numeric: true,
    sortBy: ({ layer }) => layer,
    cell: ({ layer }) => orNothing(layer),
  },
  {
    id: 'token',
    label: 'Token',
    help: <Help about="Token">Counted from 1. Sorted in the order of the text.</Help>,
    sortBy: ({ position }) => position,
    cell: ({ position, token }) => `${tokenNumber(position)} ${visible(token)}`,
  },
  {
    id: 'activation',
    label: 'Activation',
    numeric: true,
    sortBy: ({ activation }) => activation,
    cell: ({ activation }) => orNothing(activation),
  },
  {
    id: 'value',
    label: 'Value',
    numeric: true,
    help: (
      <Help about="Value">
        What edges and biases sum to: of a feature its pre-activation, of an output its logit without the mean over the
        vocabulary, or the difference of two.
      </Help>
    ),
    sortBy: ({ value }) => value,
    cell: ({ value }) => orNothing(value),
  },
  {
    id: 'influence',
    label: 'Influence',
    numeric: true,
    help: (
      <Help about="Influence">
        The share of all paths to the outputs that go through it, each edge counted by its share of what makes up its
        target.
      </Help>
    ),
    sortBy: ({ influence }) => influence,
    cell: ({ influence }) => formatNumber(influence),
  },
  {
    id: 'group',
    label: 'Group',
    sortBy: ({ group }) => group,
    cell: ({ group }) => group,
  },
];
