/** A table as text: comma-separated for files, tab-separated for the clipboard. */
export interface TextTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** RFC 4180. A cell that a spreadsheet would run as a formula gets a leading apostrophe, since names come from files. */
export function toCsv({ header, rows }: TextTable): string {
  return [header, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n') + '\r\n';
}

export function toTabSeparated({ header, rows }: TextTable): string {
  return [header, ...rows].map((row) => row.map((cell) => cell.replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n');
}

function csvCell(cell: string): string {
  const isNumber = cell !== '' && Number.isFinite(Number(cell));
  const text = !isNumber && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
