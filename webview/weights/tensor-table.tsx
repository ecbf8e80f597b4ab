/** All tensors, one row each: sorted, filtered, copied, saved. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { TensorMetric } from '../../src/core/passes/result.js';
import { Table, type Column } from '../controls/table.js';
import { Help } from '../controls/tooltip.js';
import { csvFile, TableTools } from '../controls/table-tools.js';
import { formatBytes, formatCount, formatExact, formatQuantity } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { formatShape } from '../format/words.js';
import { useExportable } from '../state/exports.js';
import { selection, selectTensor } from '../state/selection.js';
import { openedModel } from '../state/session.js';
import { tensorMetrics } from '../state/tensors.js';
import type { ListedTensor } from './filter.js';

export function TensorTable({ shown }: { shown: readonly ListedTensor[] }): JSX.Element {
  const metrics = tensorMetrics.value;
  const severalFiles = (openedModel.value?.overview.files ?? 1) > 1;
  const columns = useMemo(() => columnsFor(metrics, severalFiles), [metrics, severalFiles]);
  const text = (): TextTable => asText(shown, metrics);
  const name = openedModel.value?.overview.fileName ?? 'model';
  const touched = useExportable(csvFile(`${name}-tensors`, text));
  const selected = selection.value.tensor;
  return (
    <section class="tensor-table" onPointerDown={touched} onFocusCapture={touched}>
      <div class="table-tools">
        <TableTools title={`${name}-tensors`} table={text} />
      </div>
      <Table
        name="tensors"
        label="Tensors"
        columns={columns}
        rows={shown}
        rowKey={({ index }) => String(index)}
        selected={({ index }) => index === selected}
        onSelect={({ index }) => selectTensor(index)}
      />
    </section>
  );
}

function columnsFor(metrics: readonly TensorMetric[], severalFiles: boolean): readonly Column<ListedTensor>[] {
  return [
    {
      id: 'name',
      label: 'Tensor',
      sortBy: ({ row }) => row.name,
      cell: ({ row }) => (
        <span class="tensor-cell" title={row.unreadable === undefined ? row.name : `${row.name}: ${row.unreadable}`}>
          {row.name}
        </span>
      ),
    },
    {
      id: 'shape',
      label: 'Shape',
      sortBy: ({ row }) => row.elements,
      cell: ({ row }) => formatShape(row.dims),
    },
    { id: 'dtype', label: 'Type', sortBy: ({ row }) => row.dtype, cell: ({ row }) => row.dtype },
    {
      id: 'elements',
      label: 'Numbers',
      numeric: true,
      sortBy: ({ row }) => row.elements,
      cell: ({ row }) => formatCount(row.elements),
    },
    {
      id: 'bytes',
      label: 'Size',
      numeric: true,
      sortBy: ({ row }) => row.bytes,
      cell: ({ row }) => <span title={`${formatCount(row.bytes)} bytes`}>{formatBytes(row.bytes)}</span>,
    },
    ...metrics.map((metric): Column<ListedTensor> => ({
      id: metric.id,
      label: metric.label,
      numeric: true,
      help: <Help about={metric.label}>{metric.definition}</Help>,
      sortBy: ({ index }) => metric.values[index] ?? NaN,
      cell: ({ index }) => formatQuantity(metric.format, metric.values[index]),
    })),
    ...(severalFiles
      ? [
          {
            id: 'file',
            label: 'File',
            sortBy: ({ row }: ListedTensor) => row.file ?? '',
            cell: ({ row }: ListedTensor) => <span class="muted">{row.file ?? ''}</span>,
          },
        ]
      : []),
  ];
}

function asText(shown: readonly ListedTensor[], metrics: readonly TensorMetric[]): TextTable {
  return {
    header: ['tensor', 'shape', 'type', 'numbers', 'bytes', ...metrics.map(({ label }) => label), 'file'],
    rows: shown.map(({ index, row }) => [
      row.name,
      row.dims.join('x'),
      row.dtype,
      String(row.elements),
      String(row.bytes),
      ...metrics.map(({ values }) => formatExact(values[index] ?? NaN)),
      row.file ?? '',
    ]),
  };
}
