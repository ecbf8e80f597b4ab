/** A table of texts, as it is copied and saved. */
import type { JSX } from 'preact';
import type { TextTable } from '../format/tables.js';

const MOST_ROWS_SHOWN = 500;

export function PlainTable({ table: { header, rows }, label }: { table: TextTable; label: string }): JSX.Element {
  return (
    <div class="table-scroll plain-table">
      <table class="table" aria-label={label}>
        <thead>
          <tr>
            {header.map((cell) => (
              <th key={cell}>{cell}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS_SHOWN).map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS_SHOWN && (
        <p class="muted">
          The first {MOST_ROWS_SHOWN} of {rows.length} rows; the copy and the CSV hold all of them.
        </p>
      )}
    </div>
  );
}
