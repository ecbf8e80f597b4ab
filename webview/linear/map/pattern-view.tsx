/** Numbers over one end of a system, as that end looks: an image, positions by features, or bars. */
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { SystemLayout } from '../../../src/protocol/linear.js';
import { Legend } from '../../charts/legend.js';
import { Help } from '../../controls/tooltip.js';
import { formatNumber, formatReading } from '../../format/numbers.js';
import { ui } from '../../state/interface-state.js';
import { elementName, layoutDims, positionName, reachOf } from '../ends.js';
import { ValueBars } from '../value-bars.js';
import { MapFrame } from './map-frame.js';
import { pictureOf, type MapPicture } from './map-picture.js';
import { mapWidthPx, SignedMap } from './signed-map.js';

/** A legend needs this. */
const NARROWEST_PX = 300;

export interface PatternViewProps {
  readonly title: string;
  readonly definition?: string;
  readonly end: 'from' | 'to';
  readonly layout: SystemLayout;
  readonly values: Float32Array;
  /** "plain" for what a person would look at as a picture; signed otherwise. */
  readonly colors?: MapPicture['colors'];
  /** The |value| with the strongest colour; the largest where absent. */
  readonly reach?: number;
  /** What the colours count: "weight", in the legend under a signed picture. */
  readonly unit?: { readonly label: string; readonly definition: string };
  readonly foot: string;
  /** Names of elements, of an end that is no image. */
  readonly name?: (element: number) => string;
  /** Marks a cell and lets a person choose others. */
  readonly chosen?: number;
  readonly onChoose?: (cell: number) => void;
  /** Told of the cell under the pointer or the keyboard's cursor. */
  readonly onPoint?: (cell: number) => void;
  readonly hint?: string;
}

export function PatternView(props: PatternViewProps): JSX.Element {
  const { layout } = props;
  switch (layout.kind) {
    case 'image':
    case 'sequence':
      return <PatternMap {...props} layout={layout} />;
    case 'vector':
      return <PatternBars {...props} />;
  }
}

function PatternBars(props: PatternViewProps): JSX.Element {
  const { title, definition, layout, values, foot, name, onChoose } = props;
  const names = useMemo(
    () => Array.from(values, (_, element) => name?.(element) ?? positionName(layout, element)),
    [values, layout],
  );
  return (
    <ValueBars
      title={title}
      definition={definition}
      foot={foot}
      row="element"
      rows={names}
      series={[{ label: 'value', values }]}
      onChoose={onChoose}
      saved={{ title, foot, values, dims: layoutDims(layout) }}
    />
  );
}

type GridLayout = Exclude<SystemLayout, { kind: 'vector' }>;

function PatternMap(props: PatternViewProps & { readonly layout: GridLayout }): JSX.Element {
  const {
    title,
    definition,
    end,
    layout,
    values,
    colors = 'signed',
    unit,
    foot,
    name,
    chosen,
    onChoose,
    onPoint,
    hint,
  } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const channel = ui.linearChannels.value[end];
  const picture = useMemo(
    (): MapPicture =>
      layout.kind === 'image'
        ? pictureOf(layout, values, channel, colors)
        : { width: layout.width, height: layout.positions, planes: [values], colors },
    [layout, values, channel, colors],
  );
  const reach = useMemo(() => props.reach ?? reachOf(picture.planes), [props.reach, picture]);
  return (
    <MapFrame
      title={title}
      definition={definition}
      canvas={canvas}
      widthPx={Math.max(NARROWEST_PX, mapWidthPx(picture))}
      saved={{ title, foot: `${foot}, ${scaleWords(picture, reach)}`, values, dims: layoutDims(layout) }}
    >
      <SignedMap
        label={title}
        picture={picture}
        reach={reach}
        closeUp={layout.kind === 'image' && colors === 'signed'}
        reading={(cell) => ({ value: cellText(picture, cell), place: cellName(layout, cell, name) })}
        chosen={chosen}
        onChoose={onChoose}
        onPoint={onPoint}
        hint={hint}
        canvas={canvas}
      />
      {unit && colors === 'signed' && picture.planes.length === 1 && (
        <Legend quantity={{ id: 'pattern', ...unit, format: 'number', scale: 'diverging' }} domain={[-reach, reach]} />
      )}
      {unit && colors === 'signed' && picture.planes.length > 1 && (
        <p class="note">
          {unit.label} <Help about={unit.label}>{unit.definition}</Help> Grey is 0; each colour is darkest at{' '}
          {formatNumber(-reach)}, brightest at {formatNumber(reach)}.
        </p>
      )}
    </MapFrame>
  );
}

export function cellText({ planes }: MapPicture, cell: number): string {
  const [first] = planes;
  if (planes.length === 1) return formatReading('number', first?.[cell] ?? NaN);
  return planes.map((plane) => formatNumber(plane[cell] ?? NaN)).join(' · ');
}

function cellName(layout: GridLayout, cell: number, name: PatternViewProps['name']): string {
  return layout.kind === 'image' ? positionName(layout, cell) : (name?.(cell) ?? elementName(layout, cell));
}

/** "colours from −1.2 to 1.2" under a picture that leaves the page. */
export function scaleWords({ colors }: MapPicture, reach: number): string {
  const end = formatReading('number', reach);
  return colors === 'signed' ? `colours from −${end} to ${end}` : 'darkest to brightest number';
}
