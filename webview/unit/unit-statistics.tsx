import type { JSX } from 'preact';
import type { UnitDetail } from '../../src/protocol/inspection.js';
import { Help } from '../controls/tooltip.js';
import { TableTools } from '../controls/table-tools.js';
import { formatExact, formatQuantity } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';

interface UnitStatisticsProps {
  readonly title: string;
  readonly statistics: UnitDetail['statistics'];
}

export function UnitStatistics({ title, statistics }: UnitStatisticsProps): JSX.Element {
  const table = (): TextTable => ({
    header: ['statistic', 'value', 'mean of the layer'],
    rows: statistics.map(({ label, value, layerMean }) => [label, formatExact(value), formatExact(layerMean)]),
  });
  return (
    <section>
      <div class="frame-head">
        <h3 class="frame-title">Statistics</h3>
        <span class="spacer-flex" />
        <TableTools title={title} table={table} />
      </div>
      <table class="table statistics" aria-label={`Statistics of ${title}`}>
        <thead>
          <tr>
            <th />
            <th class="numeric">value</th>
            <th class="numeric">layer’s mean</th>
          </tr>
        </thead>
        <tbody>
          {statistics.map(({ id, label, definition, format, value, layerMean }) => (
            <tr key={id}>
              <td>
                {label} <Help about={label}>{definition}</Help>
              </td>
              <td class="numeric strong">{formatQuantity(format, value)}</td>
              <td class="numeric muted">{formatQuantity(format === 'count' ? 'number' : format, layerMean)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
