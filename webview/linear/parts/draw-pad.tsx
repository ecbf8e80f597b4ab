/** A pattern over an image, drawn with the pointer or with the keys. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { Button } from '../../controls/button.js';
import { NumberField } from '../../controls/number-field.js';
import { Tabs } from '../../controls/tabs.js';
import { ui } from '../../state/interface-state.js';
import { withStroke, type Brush } from '../drawing.js';
import { positionName } from '../ends.js';
import { MapFrame } from '../map/map-frame.js';
import { pictureOf, type ImageLayout } from '../map/map-picture.js';
import { cellText, scaleWords } from '../map/pattern-view.js';
import { mapWidthPx, SignedMap } from '../map/signed-map.js';

const BRUSHES = [
  { name: '1', label: '+1' },
  { name: '-1', label: '−1' },
  { name: '0', label: 'Wipe' },
] as const;
const LARGEST_BRUSH = 64;
/** The brushes need this. */
const NARROWEST_PX = 360;

interface DrawPadProps {
  readonly title: string;
  readonly layout: ImageLayout;
  readonly values: Float32Array;
  readonly foot: string;
  readonly onDraw: (values: Float32Array) => void;
}

export function DrawPad({ title, layout, values, foot, onDraw }: DrawPadProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(values);
  latest.current = values;
  const [brush, setBrush] = useState<Brush>({ value: 1, size: 1 });
  const channel = ui.linearChannels.value.to;
  const picture = useMemo(() => pictureOf(layout, values, channel, 'signed'), [layout, values, channel]);
  const reach = useMemo(() => picture.planes.reduce((most, plane) => plane.reduce((a, b) => Math.max(a, Math.abs(b)), most), 1), [picture]); // prettier-ignore
  const single = Number(channel) >= 0 && Number(channel) < layout.channels ? Number(channel) : undefined;
  const paint = (cell: number): void => {
    latest.current = withStroke(latest.current, layout, cell, brush, single);
    onDraw(latest.current);
  };
  return (
    <MapFrame
      title={title}
      definition="Draw with the pointer, or move with the arrow keys and press Enter. Where you draw, the output is asked to be larger (+1) or smaller (−1)."
      canvas={canvas}
      widthPx={Math.max(NARROWEST_PX, mapWidthPx(picture))}
      saved={{
        title,
        foot: `${foot}, ${scaleWords(picture, reach)}`,
        values,
        dims: [layout.channels, layout.height, layout.width],
      }}
    >
      <div class="part-tools">
        <Tabs
          label="Brush"
          kind="segments"
          tabs={BRUSHES}
          active={String(brush.value) as (typeof BRUSHES)[number]['name']}
          onChange={(value) => setBrush({ ...brush, value: Number(value) })}
        />
        <NumberField
          label="Size"
          value={brush.size}
          minimum={1}
          maximum={Math.min(LARGEST_BRUSH, Math.max(layout.width, layout.height))}
          onChange={(size) => setBrush({ ...brush, size })}
        />
        <Button onClick={() => onDraw(new Float32Array(values.length))}>Clear</Button>
      </div>
      <SignedMap
        label={title}
        picture={picture}
        reach={reach}
        reading={(cell) => ({ value: cellText(picture, cell), place: positionName(layout, cell) })}
        onStroke={paint}
        hint="draws"
        canvas={canvas}
      />
    </MapFrame>
  );
}
