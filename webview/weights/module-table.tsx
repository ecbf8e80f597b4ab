/** What each module holds, one level at a time: a click goes into a module, or shows a tensor. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { Table, type Column } from '../controls/table.js';
import { csvFile, TableTools } from '../controls/table-tools.js';
import { formatBytes, formatCount, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { formatShape } from '../format/words.js';
import { useExportable } from '../state/exports.js';
import { ui } from '../state/interface-state.js';
import { selection, selectTensor } from '../state/selection.js';
import { openedModel } from '../state/session.js';
import type { ListedTensor } from './filter.js';
import { mapTree, type MapNode } from './map-layout.js';
import { WayBack } from './way-back.js';

interface Part {
  readonly node: MapNode;
  readonly elements: number;
  /** Of all tensors shown. */
  readonly share: number;
}

export function ModuleTable({ shown }: { shown: readonly ListedTensor[] }): JSX.Element {
  const moduleId = ui.weightsModule.value;
  const parts = useMemo(() => partsOf(shown, moduleId), [shown, moduleId]);
  const text = (): TextTable => ({
    header: ['module or tensor', 'tensors', 'numbers', 'bytes', 'share'],
    rows: parts.map(({ node, elements, share }) => [
      node.label,
      String(node.tensors.length),
      String(elements),
      String(node.bytes),
      String(share),
    ]),
  });
  const name = openedModel.value?.overview.fileName ?? 'model';
  const touched = useExportable(csvFile(`${name}-modules`, text));
  const selected = String(selection.value.tensor ?? '');
  return (
    <section class="tensor-table" onPointerDown={touched} onFocusCapture={touched}>
      <div class="module-head">
        <WayBack shown={shown} hint="Click a module to see what it holds." />
        <span class="spacer-flex" />
        <TableTools title={`${name}-modules`} table={text} />
      </div>
      <Table
        name="modules"
        label="Modules"
        columns={COLUMNS}
        rows={parts}
        rowKey={({ node }) => `${node.kind} ${node.id}`}
        selected={({ node }) => node.kind === 'tensor' && node.id === selected}
        onSelect={({ node }) => {
          if (node.kind === 'tensor') selectTensor(Number(node.id));
          else ui.weightsModule.value = node.id;
        }}
      />
    </section>
  );
}

function partsOf(shown: readonly ListedTensor[], moduleId: string): readonly Part[] {
  const all = shown.reduce((sum, { row }) => sum + row.bytes, 0);
  return (mapTree(shown, moduleId).children ?? []).map((node) => ({
    node,
    elements: node.tensors.reduce((sum, { row }) => sum + row.elements, 0),
    share: node.tensors.reduce((sum, { row }) => sum + row.bytes, 0) / all,
  }));
}

const COLUMNS: readonly Column<Part>[] = [
  {
    id: 'name',
    label: 'Module or tensor',
    sortBy: ({ node }) => node.label,
    cell: ({ node }) => (node.kind === 'module' ? <strong>{node.label} ›</strong> : node.label),
  },
  {
    id: 'holds',
    label: 'Holds',
    sortBy: ({ node }) => node.tensors.length,
    cell: ({ node }) => {
      const [first] = node.tensors;
      if (node.kind === 'tensor' && first !== undefined) return `${formatShape(first.row.dims)} ${first.row.dtype}`;
      return node.tensors.length === 1 ? '1 tensor' : `${formatCount(node.tensors.length)} tensors`;
    },
  },
  {
    id: 'elements',
    label: 'Numbers',
    numeric: true,
    sortBy: ({ elements }) => elements,
    cell: ({ elements }) => formatCount(elements),
  },
  {
    id: 'bytes',
    label: 'Size',
    numeric: true,
    sortBy: ({ node }) => node.bytes,
    cell: ({ node }) => <span title={`${formatCount(node.bytes)} bytes`}>{formatBytes(node.bytes)}</span>,
  },
  {
    id: 'share',
    label: 'Share',
    numeric: true,
    sortBy: ({ share }) => share,
    cell: ({ share }) => formatShare(share),
  },
];
