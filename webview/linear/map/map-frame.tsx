/** Around a map: its title, what it means, and the ways out. */
import type { ComponentChildren, JSX } from 'preact';
import { Help } from '../../controls/tooltip.js';
import { SaveMenu, type SavedNumbers } from './save-menu.js';

interface MapFrameProps {
  /** Names it, also where its heading says less. */
  readonly title: string;
  /** Absent: the title. */
  readonly heading?: string;
  readonly definition?: string;
  readonly saved: SavedNumbers;
  readonly canvas?: { current: HTMLCanvasElement | null };
  /** Width of what is in it, where it should not be wider. */
  readonly widthPx?: number;
  readonly children: ComponentChildren;
}

export function MapFrame({
  title,
  heading = title,
  definition,
  saved,
  canvas,
  widthPx,
  children,
}: MapFrameProps): JSX.Element {
  return (
    <figure
      class="map-frame"
      aria-label={title}
      style={widthPx === undefined ? undefined : { maxWidth: `${widthPx}px` }}
    >
      <figcaption class="frame-head">
        <span class="frame-title">{heading}</span>
        {definition && <Help about={title}>{definition}</Help>}
        <span class="spacer-flex" />
        <SaveMenu {...saved} canvas={canvas} />
      </figcaption>
      {children}
    </figure>
  );
}
