/** Around every chart: its title, its definition, the same as a table, and the ways out (copy, CSV, PNG). */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { IconButton } from '../controls/button.js';
import { PlainTable } from '../controls/plain-table.js';
import { csvFile } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { toTabSeparated, type TextTable } from '../format/tables.js';
import { fileName } from '../format/words.js';
import { numbersTitle } from '../shell/rests-on.js';
import { copyText, save, useExportable, type Exportable } from '../state/exports.js';
import { framedPng } from './picture.js';

interface ChartFrameProps {
  readonly title: string;
  readonly definition?: string;
  /** One line under a saved picture: which model, on how many inputs. */
  readonly foot: string;
  readonly controls?: ComponentChildren;
  readonly canvas: { current: HTMLCanvasElement | null };
  readonly table: () => TextTable;
  readonly children: ComponentChildren;
}

export function ChartFrame({
  title,
  definition,
  foot,
  controls,
  canvas,
  table,
  children,
}: ChartFrameProps): JSX.Element {
  const [asTable, setAsTable] = useState(false);
  const csv = csvFile(numbersTitle(title, foot), table);
  const png: Exportable = {
    suggestedName: fileName(title, 'png'),
    make: () => (canvas.current ? framedPng(canvas.current, title, foot) : new Uint8Array()),
  };
  const touched = useExportable(asTable ? csv : png);
  return (
    <figure class="chart-frame" onPointerDown={touched} onFocusCapture={touched}>
      <figcaption class="frame-head">
        <span class="frame-title">{title}</span>
        {definition && <Help about={title}>{definition}</Help>}
        {controls}
        <span class="spacer-flex" />
        <IconButton
          icon={asTable ? 'chart' : 'table'}
          label={asTable ? 'Show as chart' : 'Show as table'}
          pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        />
        <IconButton icon="copy" label="Copy the numbers" onClick={() => void copyText(toTabSeparated(table()))} />
        <IconButton
          icon="save"
          label={asTable ? 'Save as CSV' : 'Save as PNG'}
          onClick={() => void save(asTable ? csv : png)}
        />
      </figcaption>
      {asTable ? <PlainTable table={table()} label={title} /> : children}
    </figure>
  );
}
