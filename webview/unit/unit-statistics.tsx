import type { JSX } from 'preact';
import type { UnitDetail } from '../../src/protocol/inspection.js';
import { IconButton } from '../controls/button.js';
import { Help } from '../controls/tooltip.js';
import { formatExact, formatQuantity } from '../format/numbers.js';
import { toCsv, toTabSeparated, type TextTable } from '../format/tables.js';
import { fileName } from '../format/words.js';
import { copyText, save, textBytes } from '../state/exports.js';

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
        <IconButton icon="copy" label="Copy the table" onClick={() => void copyText(toTabSeparated(table()))} />
        <IconButton
          icon="save"
          label="Save as CSV"
          onClick={() => void save({ suggestedName: fileName(title, 'csv'), make: () => textBytes(toCsv(table())) })}
        />
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
