/** A table as text: comma-separated for files, tab-separated for the clipboard. */
import { csvText } from '../../src/core/csv.js';

export interface TextTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function toCsv({ header, rows }: TextTable): string {
  return csvText([header, ...rows]);
}

export function toTabSeparated({ header, rows }: TextTable): string {
  return [header, ...rows].map((row) => row.map((cell) => cell.replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n');
}
