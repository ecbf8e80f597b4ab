/** One number per cell of an image, as signed colours (or a plain picture): pointed at, walked with keys, chosen from. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { TextButton } from '../../controls/button.js';
import { ui } from '../../state/interface-state.js';
import { theme } from '../../theme/theme.js';
import { closeUpOf, LEFT_OUTSIDE_SHARE, wholeOf, type MapWindow } from './close-up.js';
import type { MapPicture } from './map-picture.js';
import { paintMap } from './paint-map.js';

const TALLEST_PX = 340;
/** Longer pictures are squeezed, so that both axes stay in sight. */
const LONGEST_SHARE = 4;
const KEY_LEAP = 10;

interface SignedMapProps {
  /** What it shows, for people who do not see it. */
  readonly label: string;
  readonly picture: MapPicture;
  /** The |value| with the strongest colour. */
  readonly reach: number;
  /** Drawn under it. */
  readonly under?: MapPicture;
  /** Only the part that holds something is shown, where it is small, unless a person wants all of it. */
  readonly closeUp?: boolean;
  /** What to say of a cell. */
  readonly reading: (cell: number) => { readonly value: string; readonly place: string };
  /** Shared with other maps of the same size; kept by the map itself where absent. */
  readonly pointed?: { readonly cell: number | undefined; readonly set: (cell: number | undefined) => void };
  readonly chosen?: number;
  readonly onChoose?: (cell: number) => void;
  /** Told of each cell that the pointer or the cursor comes to. */
  readonly onPoint?: (cell: number) => void;
  /** Told of each cell that the pressed pointer goes over, and of the cursor's on Enter. */
  readonly onStroke?: (cell: number) => void;
  /** Says what a choice does, where one does anything. */
  readonly hint?: string;
  readonly canvas?: { current: HTMLCanvasElement | null };
}

export function SignedMap(props: SignedMapProps): JSX.Element {
  const { label, picture, reach, under, reading, chosen, onChoose, onPoint, onStroke, hint } = props;
  const stroke = useRef(false);
  const own = useRef<HTMLCanvasElement>(null);
  const [ownCell, setOwnCell] = useState<number>();
  const [focused, setFocused] = useState(false);
  const cells = picture.width * picture.height;
  const { cell: pointed, set: point } = props.pointed ?? { cell: ownCell, set: setOwnCell };
  const inside = pointed !== undefined && pointed < cells ? pointed : undefined;
  const close = useMemo(() => (props.closeUp === true ? closeUpOf(picture) : undefined), [props.closeUp, picture]);
  const view = (ui.linearCloseUp.value ? close : undefined) ?? wholeOf(picture);
  const colors = theme.value;
  const draw = useRef<() => void>();
  draw.current = () => {
    if (own.current) paintMap(own.current, picture, view, reach, under, { pointed: inside, chosen }, colors);
  };
  useLayoutEffect(
    () => draw.current?.(),
    [picture, view.row, view.column, view.width, view.height, reach, under, inside, chosen, colors],
  );
  useEffect(() => {
    if (own.current === null) return undefined;
    if (props.canvas) props.canvas.current = own.current;
    const observer = new ResizeObserver(() => draw.current?.());
    observer.observe(own.current);
    return () => observer.disconnect();
  }, []);

  const pointAt = (cell: number): void => {
    if (cell === inside) return;
    point(cell);
    onPoint?.(cell);
  };
  const cellUnder = (event: MouseEvent): number => {
    const { left, top, width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const column = Math.floor(((event.clientX - left) / width) * view.width);
    const row = Math.floor(((event.clientY - top) / height) * view.height);
    return cellIn(view, picture, view.row + row, view.column + column);
  };
  const choose = onChoose ?? onStroke;
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = inside ?? chosen ?? cellIn(view, picture, view.row, view.column);
    const next = moved(event, from, picture, view);
    if (next !== undefined) pointAt(next);
    else if ((event.key === 'Enter' || event.key === ' ') && choose) choose(from);
    else return;
    event.preventDefault();
  };
  return (
    <div class="signed-map">
      <canvas
        ref={own}
        class={`signed-map-canvas ${choose ? 'choosable' : ''} ${onStroke ? 'drawable' : ''}`}
        style={{ aspectRatio: String(aspectOf(view)), width: `min(100%, ${mapWidthPx(view)}px)` }}
        role="application"
        aria-roledescription="map"
        aria-label={`${label}. ${view.height} rows, ${view.width} columns. Arrow keys move${hint ? `, Enter: ${hint}` : ''}.`}
        title={hint}
        tabIndex={0}
        onPointerDown={(event) => {
          if (onStroke === undefined || event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          stroke.current = true;
          onStroke(cellUnder(event));
        }}
        onPointerUp={() => (stroke.current = false)}
        onPointerCancel={() => (stroke.current = false)}
        onPointerMove={(event) => {
          const cell = cellUnder(event);
          if (stroke.current && cell !== inside) onStroke?.(cell);
          pointAt(cell);
        }}
        onPointerLeave={() => point(undefined)}
        onClick={(event) => onChoose?.(cellUnder(event))}
        onKeyDown={onKeyDown}
        onFocus={() => setFocused(true)}
        onBlur={() => {
          setFocused(false);
          point(undefined);
        }}
      />
      <MapReading reading={inside ?? chosen} of={reading} spoken={focused} />
      {close && <CloseUpNote window={close} />}
    </div>
  );
}

function aspectOf({ width, height }: Sides): number {
  return Math.min(LONGEST_SHARE, Math.max(1 / LONGEST_SHARE, width / height));
}

type Sides = Pick<MapPicture, 'width' | 'height'>;

/** Width of a map where there is room for all of it. */
export function mapWidthPx(sides: Sides): number {
  return Math.round(TALLEST_PX * aspectOf(sides));
}

function CloseUpNote({ window }: { window: MapWindow }): JSX.Element {
  const { row, column, height, width } = window;
  const isClose = ui.linearCloseUp.value;
  return (
    <p class="note">
      {isClose &&
        `Close-up: rows ${row} to ${row + height - 1}, columns ${column} to ${column + width - 1}; all else is below ${100 * LEFT_OUTSIDE_SHARE} % of the largest. `}
      <TextButton onClick={() => (ui.linearCloseUp.value = !isClose)}>
        {isClose ? 'Show the whole' : 'Show a close-up'}
      </TextButton>
    </p>
  );
}

interface MapReadingProps {
  readonly reading: number | undefined;
  readonly of: SignedMapProps['reading'];
  readonly spoken: boolean;
}

function MapReading({ reading, of, spoken }: MapReadingProps): JSX.Element {
  if (reading === undefined) return <div class="map-reading muted">Point at a cell to read its value.</div>;
  const { value, place } = of(reading);
  return (
    <div class="map-reading" aria-live={spoken ? 'polite' : 'off'}>
      <strong>{value}</strong> <span class="muted">{place}</span>
    </div>
  );
}

/** Where a key moves the cursor within the window; undefined when the key does not move it. */
function moved(event: KeyboardEvent, cell: number, picture: MapPicture, view: MapWindow): number | undefined {
  const [row, column] = [Math.floor(cell / picture.width), cell % picture.width];
  const to = (nextRow: number, nextColumn: number): number => cellIn(view, picture, nextRow, nextColumn);
  const step = event.shiftKey ? KEY_LEAP : 1;
  switch (event.key) {
    case 'ArrowUp':
      return to(row - step, column);
    case 'ArrowDown':
      return to(row + step, column);
    case 'ArrowLeft':
      return to(row, column - step);
    case 'ArrowRight':
      return to(row, column + step);
    case 'Home':
      return to(event.ctrlKey ? 0 : row, 0);
    case 'End':
      return to(event.ctrlKey ? picture.height : row, picture.width);
    default:
      return undefined;
  }
}

/** The cell of a row and a column, or the nearest in the window. */
function cellIn(view: MapWindow, { width }: MapPicture, row: number, column: number): number {
  const clamp = (index: number, first: number, count: number): number =>
    Math.min(first + count - 1, Math.max(first, index));
  return clamp(row, view.row, view.height) * width + clamp(column, view.column, view.width);
}
