/** Pointer and wheel on the heatmap: drag pans, wheel zooms, a click chooses. */
import { useEffect, useRef } from 'preact/hooks';
import type { Cell, MatrixSource } from './matrix.js';
import type { Gutter } from './paint.js';
import { cellAt, pan, type HeatmapView, type Room } from './viewport.js';

const DRAG_FROM_PX = 4;

interface PointerOptions {
  readonly source: MatrixSource;
  /** The wheel scrolls what is around, unless Ctrl is held or the canvas has the focus. */
  readonly amongText: boolean;
  readonly geometry: () => { gutter: Gutter; room: Room };
  readonly currentView: () => HeatmapView;
  readonly change: (view: HeatmapView) => void;
  readonly zoom: (factor: number, x: number, y: number) => void;
  readonly onHover: (cell: Cell | undefined) => void;
  readonly onChoose: (cell: Cell) => void;
}

export function usePointer(canvas: { current: HTMLCanvasElement | null }, options: PointerOptions): void {
  const latest = useRef(options);
  latest.current = options;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    let drag: { x: number; y: number; view: HeatmapView; moved: boolean } | undefined;
    let hoveredKey = '';

    const place = (event: MouseEvent): { x: number; y: number } => {
      const { left, top } = element.getBoundingClientRect();
      const { gutter } = latest.current.geometry();
      return { x: event.clientX - left - gutter.left, y: event.clientY - top - gutter.top };
    };
    const cellUnder = (event: MouseEvent): Cell | undefined => {
      const { x, y } = place(event);
      const { source, currentView } = latest.current;
      // A click on a row's label stands for the row's first cell in sight.
      return y < 0 ? undefined : cellAt(currentView(), Math.max(0, x), y, source);
    };
    const hoveredCell = (event: MouseEvent): Cell | undefined => {
      const cell = place(event).x < 0 ? undefined : cellUnder(event);
      return cell !== undefined && cell.column < latest.current.source.rowLength(cell.row) ? cell : undefined;
    };
    const hover = (cell: Cell | undefined): void => {
      const key = cell === undefined ? '' : `${cell.row} ${cell.column}`;
      if (key === hoveredKey) return;
      hoveredKey = key;
      latest.current.onHover(cell);
    };
    const onDown = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, view: latest.current.currentView(), moved: false };
      element.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent): void => {
      if (drag === undefined) return hover(hoveredCell(event));
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) < DRAG_FROM_PX) return;
      drag.moved = true;
      element.classList.add('dragging');
      const { source, geometry, change } = latest.current;
      change(pan(drag.view, dx, dy, source, geometry().room));
    };
    const onUp = (event: PointerEvent): void => {
      const cell = drag?.moved === false ? cellUnder(event) : undefined;
      drag = undefined;
      element.classList.remove('dragging');
      if (cell !== undefined) latest.current.onChoose(cell);
    };
    const onCancel = (): void => {
      drag = undefined;
      element.classList.remove('dragging');
    };
    const onWheel = (event: WheelEvent): void => {
      if (latest.current.amongText && !event.ctrlKey && document.activeElement !== element) return;
      event.preventDefault();
      const { x, y } = place(event);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      latest.current.zoom(
        Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0015)),
        Math.max(0, x),
        Math.max(0, y),
      );
    };
    const onLeave = (): void => hover(undefined);

    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onCancel);
    element.addEventListener('pointerleave', onLeave);
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onCancel);
      element.removeEventListener('pointerleave', onLeave);
      element.removeEventListener('wheel', onWheel);
    };
  }, []);
}
