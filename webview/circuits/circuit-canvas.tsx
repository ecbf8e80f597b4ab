/**
 * The picture of a circuit: dragging and the arrow keys move it, the wheel and + and − zoom. A click looks at a node; the keys n
 * and p go to the next and the previous one by influence. Shift and a click, or the space bar, choose several.
 */
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { fitView, zoomAt, type View } from '../graph/viewport.js';
import { theme } from '../theme/theme.js';
import { drawCircuit, type CircuitDrawing } from './draw.js';
import { nodeAt } from './layout.js';

interface CircuitCanvasProps {
  readonly label: string;
  readonly drawing: Omit<CircuitDrawing, 'focus' | 'most'>;
  readonly selected: number | undefined;
  /** What the pointer is over. */
  readonly hovered: Signal<number | undefined>;
  readonly onSelect: (node: number | undefined) => void;
  /** Chooses a node together with others, or leaves it again. */
  readonly onMark: (node: number) => void;
  readonly onUndo: () => void;
  readonly nameOf: (node: number) => string;
  /** Nodes by influence, the largest first. */
  readonly order: readonly number[];
  readonly canvas: { current: HTMLCanvasElement | null };
}

const DRAG_FROM_PX = 4;
const ZOOM_STEP = 1.2;
const MOVE_PX = 60;
/** Edges that are drawn within a frame while something moves; the others follow when it rests. */
const EDGES_IN_MOTION = 2000;
const REST_MS = 150;

export function CircuitCanvas(props: CircuitCanvasProps): JSX.Element {
  const { label, drawing, selected, onSelect, onMark, onUndo, nameOf, order, canvas } = props;
  const hovered = props.hovered.value;
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [moved, setMoved] = useState<View>();
  const frame = useRef<HTMLDivElement>(null);
  const colors = theme.value;
  const view = moved ?? fitView(drawing.layout, size);
  const latest = useRef({ view, drawing, onSelect, onMark });
  latest.current = { view, drawing, onSelect, onMark };

  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || context === null || context === undefined || size.width === 0) return undefined;
    const draw = (most: number): void => {
      const ratio = window.devicePixelRatio;
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (element.width !== width) element.width = width;
      if (element.height !== height) element.height = height;
      drawCircuit(context, { ...drawing, focus: hovered ?? selected, most }, view, size, colors);
    };
    const request = requestAnimationFrame(() => draw(EDGES_IN_MOTION));
    const rest =
      drawing.drawn.sources.length > EDGES_IN_MOTION ? window.setTimeout(() => draw(Infinity), REST_MS) : undefined;
    return () => {
      cancelAnimationFrame(request);
      clearTimeout(rest);
    };
  }, [drawing, view.scale, view.x, view.y, size, colors, hovered, selected]);

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    let drag: { readonly x: number; readonly y: number; readonly view: View; moved: boolean } | undefined;
    const place = (event: MouseEvent): { x: number; y: number } => {
      const { left, top } = element.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    const under = (event: MouseEvent): number | undefined => {
      const { view: at, drawing: now } = latest.current;
      const { x, y } = place(event);
      return nodeAt(now.layout, (x - at.x) / at.scale, (y - at.y) / at.scale);
    };
    const setHovered = (node: number | undefined): void => {
      props.hovered.value = node;
    };
    const onDown = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, view: latest.current.view, moved: false };
      element.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent): void => {
      if (drag === undefined) return setHovered(under(event));
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) < DRAG_FROM_PX) return;
      drag.moved = true;
      setMoved({ ...drag.view, x: drag.view.x + dx, y: drag.view.y + dy });
    };
    const onUp = (event: PointerEvent): void => {
      if (drag !== undefined && !drag.moved) {
        const node = under(event);
        if (!event.shiftKey) latest.current.onSelect(node);
        else if (node !== undefined) latest.current.onMark(node);
      }
      drag = undefined;
    };
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const { x, y } = place(event);
      setMoved(zoomAt(latest.current.view, ZOOM_STEP ** (-event.deltaY / 100), x, y));
    };
    const onLeave = (): void => setHovered(undefined);
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointerleave', onLeave);
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointerleave', onLeave);
      element.removeEventListener('wheel', onWheel);
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent): void => {
    const zoom = (factor: number): void => setMoved(zoomAt(view, factor, size.width / 2, size.height / 2));
    const move = (dx: number, dy: number): void => setMoved({ ...view, x: view.x + dx, y: view.y + dy });
    const step = (by: number): void => {
      const shown = order.filter((node) => !Number.isNaN(drawing.layout.x[node]));
      const at = selected === undefined ? -1 : shown.indexOf(selected);
      const next = at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length;
      onSelect(shown[next]);
    };
    const keys: Readonly<Record<string, () => void>> = {
      ' ': () => selected !== undefined && onMark(selected),
      u: onUndo,
      '+': () => zoom(ZOOM_STEP),
      '=': () => zoom(ZOOM_STEP),
      '-': () => zoom(1 / ZOOM_STEP),
      '0': () => setMoved(undefined),
      ArrowLeft: () => move(MOVE_PX, 0),
      ArrowRight: () => move(-MOVE_PX, 0),
      ArrowUp: () => move(0, MOVE_PX),
      ArrowDown: () => move(0, -MOVE_PX),
      n: () => step(1),
      p: () => step(-1),
      Escape: () => onSelect(undefined),
    };
    const act = keys[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const told = hovered ?? selected;
  return (
    <div class="circuit-frame">
      <div class="circuit-window" ref={frame}>
        <canvas ref={canvas} tabIndex={0} role="img" aria-label={label} onKeyDown={onKeyDown} />
      </div>
      <p class="muted circuit-reading" role="status">
        {told === undefined
          ? 'Point at a node to see its edges, click it to keep them; Shift and a click choose several, to pin or group them. Drag or arrow keys move, the wheel or + and − zoom, 0 shows all; n and p go through nodes by influence, the space bar chooses one, u undoes.'
          : nameOf(told)}
      </p>
    </div>
  );
}
