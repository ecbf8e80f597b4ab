/** The two ways out of a table: to the clipboard, and as a file. */
import type { JSX } from 'preact';
import { toCsv, toTabSeparated, type TextTable } from '../format/tables.js';
import { fileName } from '../format/words.js';
import { copyText, save, textBytes, type Exportable } from '../state/exports.js';
import { IconButton } from './button.js';

/** A table as a file; `title` names it. */
export function csvFile(title: string, table: () => TextTable): Exportable {
  return { suggestedName: fileName(title, 'csv'), make: () => textBytes(toCsv(table())) };
}

interface TableToolsProps {
  /** Names the file. */
  readonly title: string;
  readonly table: () => TextTable;
}

export function TableTools({ title, table }: TableToolsProps): JSX.Element {
  return (
    <>
      <IconButton icon="copy" label="Copy the table" onClick={() => void copyText(toTabSeparated(table()))} />
      <IconButton icon="save" label="Save as CSV" onClick={() => void save(csvFile(title, table))} />
    </>
  );
}
