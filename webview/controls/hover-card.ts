/**
 * Which of several things has a card beside it: the one that is pointed at, has the focus or was clicked. The pointer may
 * go into the card; a click keeps it; Escape, leaving and a click elsewhere close it.
 */
import type { JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Passing over things opens nothing; the way from a thing to its card closes nothing. */
const OPENS_AFTER_MS = 120;
const CLOSES_AFTER_MS = 250;

type Handlers = Pick<
  JSX.HTMLAttributes<HTMLElement>,
  'onPointerEnter' | 'onPointerLeave' | 'onPointerDown' | 'onFocus' | 'onFocusOut' | 'onClick' | 'onKeyDown'
>;

export interface HoverCard {
  readonly open: number | undefined;
  /** Around all things and the card; positioned. */
  readonly root: RefObject<HTMLDivElement>;
  readonly card: RefObject<HTMLDivElement>;
  readonly rootHandlers: Handlers;
  readonly cardHandlers: Handlers;
  /** Of a thing, which carries `data-card={index}`. */
  handlersOf(index: number): Handlers;
}

export function useHoverCard(): HoverCard {
  const [open, setOpen] = useState<number>();
  const root = useRef<HTMLDivElement>(null);
  const card = useRef<HTMLDivElement>(null);
  const isKept = useRef(false);
  const isQuiet = useRef(false);
  const timer = useRef(0);
  const wait = (milliseconds: number, act: () => void): void => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(act, milliseconds);
  };
  const show = (index: number, keep: boolean): void => {
    clearTimeout(timer.current);
    isKept.current = keep;
    setOpen(index);
  };
  const close = (): void => {
    clearTimeout(timer.current);
    isKept.current = false;
    setOpen(undefined);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (open === undefined) return undefined;
    const onDown = (event: PointerEvent): void => {
      if (!(event.target instanceof Node && root.current?.contains(event.target))) close();
    };
    window.addEventListener('pointerdown', onDown, true);
    return () => window.removeEventListener('pointerdown', onDown, true);
  }, [open]);
  useLayoutEffect(() => {
    const [around, shown] = [root.current, card.current];
    const thing = around?.querySelector<HTMLElement>(`[data-card="${open}"]`);
    if (around === null || shown === null || !thing) return;
    place(shown, thing, around);
  });
  return {
    open,
    root,
    card,
    rootHandlers: {
      onPointerLeave: () => {
        if (!isKept.current) wait(CLOSES_AFTER_MS, close);
      },
      onFocusOut: ({ relatedTarget, currentTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget)) && !isKept.current) close();
      },
      onKeyDown: (event) => {
        if (event.key !== 'Escape' || open === undefined) return;
        event.stopPropagation();
        event.preventDefault();
        isQuiet.current = true;
        root.current?.querySelector<HTMLElement>(`[data-card="${open}"]`)?.focus();
        isQuiet.current = false;
        close();
      },
    },
    cardHandlers: {
      onPointerEnter: () => clearTimeout(timer.current),
      onPointerDown: () => (isKept.current = true),
    },
    handlersOf: (index) => ({
      onPointerEnter: () => {
        if (!isKept.current) wait(OPENS_AFTER_MS, () => show(index, false));
      },
      onFocus: () => {
        if (!isQuiet.current && open !== index) show(index, false);
      },
      onClick: () => (open === index && isKept.current ? close() : show(index, true)),
    }),
  };
}

/** Below the thing, or above it where there is no room; never beyond the sides of what is around it. */
function place(card: HTMLElement, thing: HTMLElement, around: HTMLElement): void {
  // A thing may go over two lines: the card is at its last piece.
  const at = [...thing.getClientRects()].at(-1) ?? thing.getBoundingClientRect();
  const [outer, own] = [around.getBoundingClientRect(), card.getBoundingClientRect()];
  const left = Math.min(at.left + at.width / 2 - own.width / 2, outer.right - own.width);
  const isAbove = at.bottom + own.height > window.innerHeight && at.top > own.height;
  card.style.left = `${Math.max(outer.left, left) - outer.left}px`;
  card.style.top = `${(isAbove ? at.top - own.height : at.bottom) - outer.top}px`;
}
