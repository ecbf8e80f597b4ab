import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { LayerMetric, LayerSummary } from '../../src/core/passes/result.js';
import { Table, type Column } from '../controls/table.js';
import { Help } from '../controls/tooltip.js';
import { csvFile, TableTools } from '../controls/table-tools.js';
import { formatCount, formatExact, formatQuantity } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { numbersTitle } from '../shell/rests-on.js';
import { useExportable } from '../state/exports.js';
import { selectLayer, selection } from '../state/selection.js';

interface LayerTableProps {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly LayerMetric[];
  readonly layers: readonly LayerSummary[];
}

/** Every layer with every number of one pass. */
export function LayerTable({ name, title, metrics, layers }: LayerTableProps): JSX.Element {
  const columns = useMemo(() => columnsFor(metrics), [metrics]);
  const text = (): TextTable => ({
    header: ['layer', 'operator', 'units', ...metrics.map(({ label }) => label)],
    rows: layers.map(({ label, operator, units, value }) => [
      label,
      operator,
      String(units),
      ...metrics.map(({ values }) => {
        const number = values[value];
        return number === undefined ? '' : formatExact(number);
      }),
    ]),
  });
  const exportTitle = numbersTitle(title);
  const touched = useExportable(csvFile(exportTitle, text));
  const selected = selection.value.layer;
  return (
    <section class="layer-table" onPointerDown={touched} onFocusCapture={touched}>
      <div class="frame-head">
        <h3 class="frame-title">
          {formatCount(layers.length)} {layers.length === 1 ? 'layer' : 'layers'}
        </h3>
        <span class="spacer-flex" />
        <TableTools title={exportTitle} table={text} />
      </div>
      <Table
        name={name}
        label={`${title}, by layer`}
        columns={columns}
        rows={layers}
        rowKey={(layer) => layer.value}
        selected={(layer) => layer.value === selected}
        onSelect={(layer) => selectLayer(layer.value)}
      />
    </section>
  );
}

function columnsFor(metrics: readonly LayerMetric[]): readonly Column<LayerSummary>[] {
  return [
    {
      id: 'layer',
      label: 'Layer',
      sortBy: ({ label }) => label,
      cell: ({ label }) => <span title={label}>{label}</span>,
    },
    { id: 'operator', label: 'Operator', sortBy: ({ operator }) => operator, cell: ({ operator }) => operator },
    {
      id: 'units',
      label: 'Units',
      numeric: true,
      sortBy: ({ units }) => units,
      cell: ({ units, unitWord }) => <span title={unitWord}>{formatCount(units)}</span>,
    },
    ...metrics.map((metric): Column<LayerSummary> => ({
      id: metric.id,
      label: metric.label,
      numeric: true,
      help: <Help about={metric.label}>{metric.definition}</Help>,
      sortBy: ({ value }) => metric.values[value] ?? NaN,
      cell: ({ value }) => formatQuantity(metric.format, metric.values[value]),
    })),
  ];
}
