/** The ways out of a picture: as PNG, its numbers as CSV, and as a NumPy array. */
import type { JSX } from 'preact';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { framedPng } from '../../charts/picture.js';
import { Icon } from '../../controls/icon.js';
import { MenuItem } from '../../controls/menu-item.js';
import { Popover } from '../../controls/popover.js';
import { csvFile } from '../../controls/table-tools.js';
import { formatExact } from '../../format/numbers.js';
import type { TextTable } from '../../format/tables.js';
import { fileName } from '../../format/words.js';
import { save, useExportable, type Exportable } from '../../state/exports.js';

export interface SavedNumbers {
  /** Names the files and stands above the picture. */
  readonly title: string;
  /** Under the picture: what it rests on. */
  readonly foot: string;
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

interface SaveMenuProps extends SavedNumbers {
  /** Absent where there is no picture. */
  readonly canvas?: { current: HTMLCanvasElement | null };
}

export function SaveMenu(props: SaveMenuProps): JSX.Element {
  const { title, foot, canvas } = props;
  const png: Exportable = {
    suggestedName: fileName(title, 'png'),
    make: () => (canvas?.current ? framedPng(canvas.current, title, foot) : new Uint8Array()),
  };
  const csv = csvFile(title, () => numbersTable(props));
  const touched = useExportable(canvas ? png : csv);
  const files = [
    ...(canvas ? [{ label: 'Picture as PNG', file: png }] : []),
    { label: 'Numbers as CSV', file: csv },
    { label: 'Numbers as NumPy array (.npy)', file: npyFile(props) },
  ];
  return (
    <span class="save-menu" onPointerDown={touched} onFocusCapture={touched}>
      <Popover button={<Icon name="save" />} label={`Save: ${title}`} kind="menu" buttonClass="icon-like">
        {(close) =>
          files.map(({ label, file }) => (
            <MenuItem
              key={label}
              label={label}
              onChoose={() => {
                close();
                void save(file);
              }}
            />
          ))
        }
      </Popover>
    </span>
  );
}

export function npyFile({ title, values, dims }: SavedNumbers): Exportable {
  return {
    suggestedName: fileName(title, 'npy'),
    make: () => encodeNpy({ type: 'float32', dims, data: values }),
  };
}

/** One line for each row of the last axis, after the places on the other axes. */
function numbersTable({ values, dims }: SavedNumbers): TextTable {
  const width = dims.at(-1) ?? 1;
  const outer = dims.slice(0, -1);
  const rows = Array.from({ length: width === 0 ? 0 : values.length / width }, (_, line) => {
    let rest = line;
    const places = outer
      .toReversed()
      .map((size) => {
        const place = rest % size;
        rest = Math.floor(rest / size);
        return String(place);
      })
      .reverse();
    return [...places, ...Array.from(values.subarray(line * width, (line + 1) * width), formatExact)];
  });
  return {
    header: [
      ...outer.map((_, axis) => `axis ${axis}`),
      ...Array.from({ length: width }, (_, column) => String(column)),
    ],
    rows,
  };
}
