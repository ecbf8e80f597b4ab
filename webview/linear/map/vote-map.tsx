/** One signed number for each place of a picture, drawn and to be saved with what it shows. */
import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { formatReading } from '../../format/numbers.js';
import { positionDims, positionName } from '../ends.js';
import { MapFrame } from './map-frame.js';
import type { ImageLayout, MapPicture } from './map-picture.js';
import { scaleWords } from './pattern-view.js';
import { SignedMap } from './signed-map.js';

interface VoteMapProps {
  readonly title: string;
  /** Absent: the title. */
  readonly heading?: string;
  readonly foot: string;
  readonly values: Float32Array;
  readonly layout: ImageLayout;
  /** The size of value that gets the strongest colour. */
  readonly reach: number;
  /** Shared by maps that point at the same place. */
  readonly pointed?: { readonly cell: number | undefined; readonly set: (cell: number | undefined) => void };
  readonly children?: ComponentChildren;
}

export function VoteMap(props: VoteMapProps): JSX.Element {
  const { title, heading = title, foot, values, layout, reach, pointed, children } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = useMemo(
    (): MapPicture => ({ width: layout.width, height: layout.height, planes: [values], colors: 'signed' }),
    [layout, values],
  );
  return (
    <MapFrame
      heading={heading}
      title={title}
      canvas={canvas}
      saved={{ title, foot: `${foot}, ${scaleWords(picture, reach)}`, values, dims: positionDims(layout) }}
    >
      <SignedMap
        label={title}
        picture={picture}
        reach={reach}
        closeUp
        reading={(at) => ({ value: formatReading('number', values[at] ?? NaN), place: positionName(layout, at) })}
        {...(pointed && { pointed })}
        canvas={canvas}
      />
      {children}
    </MapFrame>
  );
}
