/** Tables as comma-separated values (RFC 4180), and back. */

/** A cell that a spreadsheet would run as a formula gets a leading apostrophe, since names come from files. */
export function csvText(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(cell: string | number): string {
  if (typeof cell === 'number') return String(cell);
  const isNumber = cell !== '' && Number.isFinite(Number(cell));
  const text = !isNumber && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Row by row; what {@link csvText} put before a formula is taken away. Line breaks may stand inside quotes. */
export function* csvRows(text: string): Generator<readonly string[]> {
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;
  let row: string[] = [];
  while (field.lastIndex < text.length || row.length > 0) {
    const found = field.exec(text);
    // A quote amid a field: no table goes on from there.
    if (found === null) return;
    const [, quoted, plain = '', end] = found;
    row.push((quoted?.replaceAll('""', '"') ?? plain).replace(/^'(?=[=+\-@\t\r])/, ''));
    if (end === ',') continue;
    yield row;
    row = [];
    if (end === '') return;
  }
}
