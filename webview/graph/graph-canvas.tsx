/** The picture itself: SVG with drag, wheel and keys. The view moves without re-rendering the boxes. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { GraphEdge, GraphItem, GraphPicture } from '../../src/protocol/model.js';
import { hideTooltip } from '../controls/tooltip.js';
import { ui } from '../state/interface-state.js';
import type { Coloring } from './coloring.js';
import { Edges } from './edges.js';
import { inSight, isLarge, serves, sightOf, type Sight } from './in-sight.js';
import { Items } from './items.js';
import type { Marks } from './marks.js';
import { edgesOf, neighbour, type Direction } from './neighbours.js';
import { Specks } from './specks.js';
import { useMarks } from './use-marks.js';
import { fitView, reveal, startView, zoomAt, type Size, type View } from './viewport.js';

const DRAG_FROM_PX = 4;
/** Time in which two clicks count as one. */
const DOUBLE_CLICK_MS = 600;
const KEY_ZOOM = 1.25;
/** Before it is known where the view will be. */
const NOWHERE: Sight = { area: [0, 0, 0, 0], scale: 1 };
const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

export interface GraphActions {
  zoom(factor: number): void;
  fit(): void;
  /** Draws the whole picture, also what is out of sight, for as long as somebody makes something of it. */
  withWhole<T>(use: (svg: SVGSVGElement) => Promise<T> | T): Promise<T | undefined>;
}

interface GraphCanvasProps {
  readonly picture: GraphPicture;
  readonly coloring: Coloring;
  readonly selected: GraphItem | undefined;
  readonly marks: Marks | undefined;
  readonly onSelect: (item: GraphItem) => void;
  readonly onToggle: (item: GraphItem) => void;
  readonly onClear: () => void;
  /** While a person chooses an item for something else: clicks and Enter are meant for that. */
  readonly onPick: ((item: GraphItem) => void) | undefined;
  /** Keys that are not the canvas's own. @returns whether the key was meant for somebody. */
  readonly onOtherKey: (key: string, item: GraphItem | undefined) => boolean;
  readonly onPoint: (item: GraphItem | undefined, anchor: DOMRect) => void;
  readonly actions: { current: GraphActions | undefined };
}

export function GraphCanvas(props: GraphCanvasProps): JSX.Element {
  const { picture, coloring, selected, marks, onSelect, onToggle, onClear, onPick, onOtherKey, onPoint, actions } =
    props;
  const svg = useRef<SVGSVGElement>(null);
  const scene = useRef<SVGGElement>(null);
  const view = useRef<View>({ scale: 1, x: 0, y: 0 });
  const focusNext = useRef(false);
  const pressed = useRef(-Infinity);
  const selectedBox = useRef<GraphItem['box']>();
  selectedBox.current = selected?.box;

  const windowSize = (): Size => {
    const { clientWidth = 0, clientHeight = 0 } = svg.current ?? {};
    return { width: clientWidth, height: clientHeight };
  };
  const [sight, setSight] = useState<Sight>();
  const [isWhole, setWhole] = useState(false);
  /** What is drawn of a large picture follows the view. */
  const look = (): void => {
    const now = view.current;
    const size = windowSize();
    setSight((before) => (before !== undefined && serves(before, now, size) ? before : sightOf(now, size)));
  };
  const show = (next: View, keep = true): void => {
    view.current = next;
    look();
    scene.current?.setAttribute('transform', `translate(${next.x} ${next.y}) scale(${next.scale})`);
    svg.current?.classList.toggle('far', next.scale < 0.45);
    if (keep) ui.graphView.value = [next.scale, next.x, next.y];
  };
  const zoom = (factor: number, x?: number, y?: number): void => {
    const { width, height } = windowSize();
    show(zoomAt(view.current, factor, x ?? width / 2, y ?? height / 2));
  };
  const fit = (): void => show(fitView(picture, windowSize()));
  const goHome = (): void => show(startView(picture, windowSize(), topmost(picture)?.box));
  const withWhole: GraphActions['withWhole'] = async (use) => {
    setWhole(true);
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    try {
      return svg.current === null ? undefined : await use(svg.current);
    } finally {
      setWhole(false);
    }
  };
  actions.current = { zoom, fit, withWhole };

  useLayoutEffect(() => {
    const place = (): void => {
      const kept = ui.graphView.peek();
      const size = windowSize();
      const start = startView(picture, size, topmost(picture)?.box);
      if (kept === undefined) show(selectedBox.current ? reveal(start, selectedBox.current, size) : start, false);
      else show({ scale: kept[0], x: kept[1], y: kept[2] }, false);
    };
    place();
    const observer = new ResizeObserver(() => {
      // The first click of two opens the panel beside: what is under the pointer stays there for the second.
      const isPressed = performance.now() - pressed.current < DOUBLE_CLICK_MS;
      if (isPressed && selectedBox.current) show(reveal(view.current, selectedBox.current, windowSize()), false);
      else if (ui.graphView.peek() === undefined) place();
      else look();
    });
    if (svg.current) observer.observe(svg.current);
    return () => observer.disconnect();
  }, [picture]);

  const focusId = selected?.id ?? picture.items[0]?.id;
  const limits = isWhole || !isLarge(picture) ? undefined : (sight ?? NOWHERE);
  const shown = useMemo(() => inSight(picture, limits, focusId, marks?.items), [picture, limits, focusId, marks]);
  const highlighted = useMemo(() => highlightedEdges(picture, selected, marks), [picture, selected?.id, marks]);
  useMarks(svg, shown, marks);
  useAnchoredToggle(picture, view, show);
  useDrag(svg, view, show);

  useEffect(() => {
    const element = svg.current;
    if (element === null) return undefined;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const strength = event.ctrlKey ? 0.01 : 0.0015;
      zoom(Math.exp(-event.deltaY * lines * strength), event.clientX - left, event.clientY - top);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);

  // Before the next key can arrive.
  useLayoutEffect(() => {
    if (selected === undefined) return;
    if (ui.graphView.peek() !== undefined || focusNext.current) show(reveal(view.current, selected.box, windowSize()));
    else show(reveal(view.current, selected.box, windowSize()), false);
    if (focusNext.current) svg.current?.querySelector<SVGGElement>(`[data-id="${CSS.escape(selected.id)}"]`)?.focus();
    focusNext.current = false;
  }, [selected?.id, picture]);

  const itemAt = (target: EventTarget | null): GraphItem | undefined => {
    const id = target instanceof Element ? target.closest('[data-id]')?.getAttribute('data-id') : undefined;
    return picture.items.find((item) => item.id === id);
  };

  const onClick = (event: MouseEvent): void => {
    const item = itemAt(event.target);
    if (item === undefined) return onClear();
    if (isChevron(event.target)) onToggle(item);
    else if (onPick !== undefined) onPick(item);
    else onSelect(item);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const current = itemAt(event.target) ?? selected ?? picture.items[0];
    const direction = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction !== undefined && current !== undefined) {
      const next = selected === undefined ? current : nextItem(picture, current, direction, event.shiftKey);
      focusNext.current = next !== undefined;
      if (next !== undefined) onSelect(next);
    } else if (onPick !== undefined && (event.key === 'Enter' || event.key === ' ') && current !== undefined) {
      onPick(current);
    } else if (event.key === 'Enter' && current !== undefined) {
      onSelect(current);
      // An opened module is drawn anew, behind its items: the focus goes with it.
      focusNext.current = current.kind === 'module';
      if (opens(current)) onToggle(current);
    } else if (event.key === ' ' && current !== undefined) onSelect(current);
    else if (event.key === '+' || event.key === '=') zoom(KEY_ZOOM);
    else if (event.key === '-') zoom(1 / KEY_ZOOM);
    else if (event.key === '0') fit();
    else if (event.key === 'Home') goHome();
    else if (event.key === 'Escape') onClear();
    else if (!onOtherKey(event.key, selected)) return;
    event.preventDefault();
  };

  return (
    <svg
      ref={svg}
      class="graph-svg"
      role="group"
      aria-label="Graph of the model. Arrow keys move along the edges, Enter opens and closes a module, Backspace leaves a body, question mark lists all keys."
      onPointerDown={() => (pressed.current = performance.now())}
      onClick={onClick}
      onDblClick={(event) => {
        const item = itemAt(event.target);
        if (item !== undefined && opens(item) && !isChevron(event.target) && onPick === undefined) onToggle(item);
      }}
      onKeyDown={onKeyDown}
      onPointerOver={(event) => {
        const item = itemAt(event.target);
        const box = event.target instanceof Element ? event.target.closest('[data-id]') : null;
        if (box !== null && !(item?.kind === 'module' && item.expanded)) onPoint(item, box.getBoundingClientRect());
        else onPoint(undefined, new DOMRect());
      }}
      onPointerLeave={hideTooltip}
    >
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto-start-reverse"
        >
          <path class="graph-arrow" d="M0.5 0.5L7 4L0.5 7.5z" />
        </marker>
      </defs>
      <g ref={scene}>
        <Items items={shown.containers} coloring={coloring} selectedId={selected?.id} focusId={focusId} />
        <Specks items={shown.specks} edges={shown.threads} coloring={coloring} />
        <Edges edges={shown.edges} highlighted={highlighted} />
        <Items items={shown.boxes} coloring={coloring} selectedId={selected?.id} focusId={focusId} />
      </g>
    </svg>
  );
}

function topmost({ items }: GraphPicture): GraphItem | undefined {
  return items.reduce<GraphItem | undefined>(
    (best, item) => (item.expanded || (best !== undefined && best.box[1] <= item.box[1]) ? best : item),
    undefined,
  );
}

/** A module, or a node with a body inside. */
function opens(item: GraphItem): boolean {
  return item.kind === 'module' || item.bodies !== undefined;
}

/** Neighbours that way; with Shift and up the module around. */
function nextItem(
  picture: GraphPicture,
  from: GraphItem,
  direction: Direction,
  outwards: boolean,
): GraphItem | undefined {
  if (!outwards || direction !== 'up') return neighbour(picture, from, direction);
  return picture.items.find(({ id }) => id === from.parent);
}

const NO_EDGES: ReadonlySet<GraphEdge> = new Set();

/** Those of a path, where one is shown, otherwise those of the selected item. */
function highlightedEdges(
  picture: GraphPicture,
  selected: GraphItem | undefined,
  marks: Marks | undefined,
): ReadonlySet<GraphEdge> {
  if (marks !== undefined && marks.edges.size > 0) return marks.edges;
  return selected === undefined ? NO_EDGES : edgesOf(picture, selected.id);
}

function isChevron(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[data-toggle]') !== null;
}

/** When a module opens or closes, its corner stays where it was on the screen. */
function useAnchoredToggle(picture: GraphPicture, view: { current: View }, show: (view: View) => void): void {
  const before = useRef(picture);
  useLayoutEffect(() => {
    const previous = before.current;
    before.current = picture;
    if (previous === picture || ui.graphView.peek() === undefined) return;
    const wasExpanded = new Map(previous.items.map((item) => [item.id, item]));
    const changed = picture.items.filter((item) => wasExpanded.get(item.id)?.expanded === !item.expanded);
    const [item] = changed;
    const old = item && wasExpanded.get(item.id);
    if (changed.length !== 1 || item === undefined || old === undefined) return;
    const { scale, x, y } = view.current;
    show({ scale, x: x + (old.box[0] - item.box[0]) * scale, y: y + (old.box[1] - item.box[1]) * scale });
  }, [picture]);
}

/** Dragging moves the picture; a press that does not move stays a click. */
function useDrag(svg: { current: SVGSVGElement | null }, view: { current: View }, show: (view: View) => void): void {
  useEffect(() => {
    const element = svg.current;
    if (element === null) return undefined;
    let start: { x: number; y: number; view: View; dragging: boolean } | undefined;
    const onDown = (event: PointerEvent): void => {
      if (event.button === 0) start = { x: event.clientX, y: event.clientY, view: view.current, dragging: false };
    };
    const onMove = (event: PointerEvent): void => {
      if (start === undefined) return;
      const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
      if (!start.dragging && Math.hypot(dx, dy) < DRAG_FROM_PX) return;
      if (!start.dragging) element.setPointerCapture(event.pointerId);
      start.dragging = true;
      hideTooltip();
      show({ ...start.view, x: start.view.x + dx, y: start.view.y + dy });
    };
    const onUp = (): void => {
      // The click that ends a drag is not meant for what lies under it.
      if (start?.dragging)
        element.addEventListener('click', (event) => event.stopImmediatePropagation(), { once: true, capture: true });
      start = undefined;
    };
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onUp);
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onUp);
    };
  }, []);
}
