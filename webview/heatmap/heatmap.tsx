/** The heatmap: a canvas with drag, wheel and keys, a line that says what is under the pointer, and a legend. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Problem } from '../../src/core/errors.js';
import { Legend } from '../charts/legend.js';
import { formatReading } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { colormap } from '../../src/core/picture/colormap.js';
import { theme } from '../theme/theme.js';
import { usePointer } from './interaction.js';
import { moveCursor } from './keyboard.js';
import type { Cell, MatrixLabels, MatrixSource } from './matrix.js';
import { paintFrame, type Gutter } from './paint.js';
import { createTileCache, type TileCache } from './tile-cache.js';
import {
  clampView,
  fitView,
  revealCell,
  startView,
  visibleTiles,
  zoomAt,
  type HeatmapView,
  type Room,
} from './viewport.js';

const TOP_GUTTER_PX = 26;
const LABEL_SHARE = 0.28;
const WIDEST_LABELS_PX = 230;
const KEY_ZOOM = 1.3;
const REST_MS = 120;

export interface HeatmapActions {
  zoom(factor: number): void;
  fit(): void;
  /** Draws again, when a row's picture arrived. */
  redraw(): void;
  canvas(): HTMLCanvasElement | null;
}

interface HeatmapProps {
  readonly label: string;
  readonly source: MatrixSource;
  readonly labels: MatrixLabels;
  readonly selected: Cell | undefined;
  readonly onSelect: (cell: Cell) => void;
  readonly actions: { current: HeatmapActions | undefined };
  /** Among other things on a page that scrolls: the wheel is the page's until the map has the focus. */
  readonly amongText?: boolean;
  /** Rows are at least this tall at first; all rows are in sight when absent. */
  readonly leastRowHeightPx?: number;
  /** Told which rows are in sight, once the view is at rest. */
  readonly onVisibleRows?: (first: number, last: number) => void;
}

export function Heatmap(props: HeatmapProps): JSX.Element {
  const { label, source, labels, selected, onSelect, actions, amongText = false } = props;
  const { leastRowHeightPx = 0, onVisibleRows } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<number>();
  const restTimer = useRef<number>();
  const view = useRef<HeatmapView>();
  const [hovered, setHovered] = useState<Cell>();
  const [cursor, setCursor] = useState<Cell>();
  const [focused, setFocused] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const colors = theme.value;
  const [, setArrivals] = useState(0);
  const valueMissing = useRef(false);
  const onArrival = (): void => {
    schedule();
    if (valueMissing.current) setArrivals((count) => count + 1);
  };
  const tiles = useTiles(source, colors.dark, onArrival, setProblem);

  const geometry = (): { gutter: Gutter; room: Room } => {
    const { clientWidth = 0, clientHeight = 0 } = canvas.current ?? {};
    const left = Math.round(Math.min(WIDEST_LABELS_PX, clientWidth * LABEL_SHARE));
    return {
      gutter: { left, top: TOP_GUTTER_PX },
      room: { width: Math.max(1, clientWidth - left), height: Math.max(1, clientHeight - TOP_GUTTER_PX) },
    };
  };

  const marks = { source, labels, theme: colors, hovered, cursor, selected, focused };
  const draw = (): void => {
    frame.current = undefined;
    const element = canvas.current;
    const context = element?.getContext('2d', { alpha: false });
    if (!element || !context || element.clientWidth === 0) return;
    const ratio = window.devicePixelRatio;
    const [width, height] = [Math.round(element.clientWidth * ratio), Math.round(element.clientHeight * ratio)];
    if (element.width !== width || element.height !== height) [element.width, element.height] = [width, height];
    const { gutter, room } = geometry();
    const current = clampView(view.current ?? startView(source, room, leastRowHeightPx), source, room);
    if (view.current !== undefined) view.current = current;
    tiles.want(visibleTiles(current, source, room));
    paintFrame(context, { ...marks, view: current, gutter, room, tiles }, ratio);
    clearTimeout(restTimer.current);
    restTimer.current = window.setTimeout(() => {
      onVisibleRows?.(
        Math.floor(current.row),
        Math.min(source.rows - 1, Math.ceil(current.row + room.height / current.cellHeight)),
      );
    }, REST_MS);
  };
  const drawLatest = useRef(draw);
  drawLatest.current = draw;
  const schedule = (): void => {
    frame.current ??= requestAnimationFrame(() => drawLatest.current());
  };

  const currentView = (): HeatmapView => view.current ?? startView(source, geometry().room, leastRowHeightPx);
  const change = (next: HeatmapView): void => {
    view.current = next;
    schedule();
  };
  const zoom = (factor: number, x?: number, y?: number): void => {
    const { room } = geometry();
    change(zoomAt(currentView(), factor, x ?? room.width / 2, y ?? room.height / 2, source, room));
  };
  const fit = (): void => change(fitView(source, geometry().room));
  actions.current = { zoom, fit, redraw: schedule, canvas: () => canvas.current };

  // Another matrix: begin with all of it.
  useLayoutEffect(() => {
    view.current = undefined;
    setCursor(undefined);
    setHovered(undefined);
    setProblem(undefined);
  }, [source.rows, source.columns, source.quantity.id]);

  useLayoutEffect(schedule);

  useEffect(() => {
    if (selected === undefined || view.current === undefined) return;
    change(revealCell(view.current, selected, source, geometry().room));
  }, [selected?.row, selected?.column]);

  useEffect(() => {
    const observer = new ResizeObserver(schedule);
    if (canvas.current) observer.observe(canvas.current);
    return () => {
      observer.disconnect();
      clearTimeout(restTimer.current);
      if (frame.current !== undefined) cancelAnimationFrame(frame.current);
    };
  }, []);

  const choose = (cell: Cell): void => {
    setCursor(cell);
    if (cell.column < source.rowLength(cell.row)) onSelect(cell);
  };
  usePointer(canvas, { source, amongText, geometry, currentView, change, zoom, onHover: setHovered, onChoose: choose });

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = cursor ?? selected ?? { row: 0, column: 0 };
    const next = moveCursor(event, at, source, currentView(), geometry().room);
    if (next !== undefined) {
      setCursor(next);
      setHovered(undefined);
      change(revealCell(currentView(), next, source, geometry().room));
    } else if (event.key === 'Enter' || event.key === ' ') choose(at);
    else if (event.key === '+' || event.key === '=') zoom(KEY_ZOOM);
    else if (event.key === '-') zoom(1 / KEY_ZOOM);
    else if (event.key === '0') fit();
    else return;
    event.preventDefault();
  };

  const shown = hovered ?? (focused ? cursor : undefined) ?? selected;
  valueMissing.current = shown !== undefined && tiles.value(shown.row, shown.column) === undefined;
  return (
    <div class="heatmap">
      {problem && <ProblemBox problem={problem} />}
      <canvas
        ref={canvas}
        class="heatmap-canvas"
        role="application"
        aria-roledescription="heatmap"
        aria-label={`${label}. ${source.rows} rows, ${source.columns} columns. Arrow keys move, Enter selects, plus and minus zoom.`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
      />
      <div class="heatmap-foot">
        <Readout cell={shown} source={source} labels={labels} tiles={tiles} />
        <Legend quantity={source.quantity} domain={source.domain} clipped={source.clipped} />
      </div>
    </div>
  );
}

interface ReadoutProps {
  readonly cell: Cell | undefined;
  readonly source: MatrixSource;
  readonly labels: MatrixLabels;
  readonly tiles: TileCache;
}

function Readout({ cell, source, labels, tiles }: ReadoutProps): JSX.Element {
  const inside = cell !== undefined && cell.column < source.rowLength(cell.row);
  if (!inside) return <div class="readout muted">Point at a cell to read its value.</div>;
  const reading = tiles.value(cell.row, cell.column);
  const text =
    reading === undefined
      ? '…'
      : Number.isNaN(reading.value)
        ? 'no value'
        : formatReading(source.quantity.format, reading.value);
  return (
    <div class="readout" aria-live="polite">
      <strong class="readout-value">{text}</strong>
      <span>{labels.cell(cell.row, cell.column)}</span>
      {reading && reading.steps.row * reading.steps.column > 1 && (
        <span class="muted">
          {source.reduces} of {reading.steps.row} × {reading.steps.column} cells
        </span>
      )}
    </div>
  );
}

function useTiles(
  source: MatrixSource,
  dark: boolean,
  onArrival: () => void,
  onProblem: (problem: Problem) => void,
): TileCache {
  const arrived = useRef(onArrival);
  arrived.current = onArrival;
  const tiles = useMemo(
    () => createTileCache(source, colormap(source.quantity.scale, dark), () => arrived.current(), onProblem),
    [source, dark],
  );
  useEffect(() => () => tiles.close(), [tiles]);
  return tiles;
}
