/** One tooltip for the whole page, and the "?" that opens it. */
import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Shown {
  readonly content: ComponentChildren;
  /** The thing explained, in window coordinates. */
  readonly anchor: DOMRect;
}

const MARGIN_PX = 8;
const shown = signal<Shown | undefined>(undefined);

export function showTooltip(content: ComponentChildren, anchor: DOMRect): void {
  shown.value = { content, anchor };
}

export function hideTooltip(): void {
  if (shown.peek() !== undefined) shown.value = undefined;
}

/** Draws the tooltip above everything; rendered once, by the shell. */
export function TooltipLayer(): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  const current = shown.value;
  useLayoutEffect(() => {
    if (current === undefined || box.current === null) return;
    const { width, height } = box.current.getBoundingClientRect();
    const { anchor } = current;
    const below = anchor.bottom + MARGIN_PX + height < window.innerHeight;
    const left = Math.min(anchor.left + anchor.width / 2 - width / 2, window.innerWidth - width - MARGIN_PX);
    box.current.style.left = `${Math.max(MARGIN_PX, left)}px`;
    box.current.style.top = `${below ? anchor.bottom + MARGIN_PX : Math.max(MARGIN_PX, anchor.top - height - MARGIN_PX)}px`;
  }, [current]);
  if (current === undefined) return null;
  return (
    <div class="tooltip" role="tooltip" id="tooltip" ref={box}>
      {current.content}
    </div>
  );
}

interface HelpProps {
  /** What is explained: "Zero share". */
  readonly about: string;
  readonly children: ComponentChildren;
}

/** A "?" whose explanation shows on hover, on focus and on click. */
export function Help({ about, children }: HelpProps): JSX.Element {
  const open = (event: Event): void =>
    showTooltip(
      <>
        <strong>{about}</strong>
        <div>{children}</div>
      </>,
      (event.currentTarget as HTMLElement).getBoundingClientRect(),
    );
  return (
    <button
      type="button"
      class="help"
      aria-label={`What is ${about}?`}
      aria-describedby="tooltip"
      onClick={open}
      onPointerEnter={open}
      onFocus={open}
      onPointerLeave={hideTooltip}
      onBlur={hideTooltip}
      onKeyDown={(event) => event.key === 'Escape' && hideTooltip()}
    >
      ?
    </button>
  );
}

/** A word within a sentence that explains itself. */
export function Explained({ text, explanation }: { text: string; explanation: string }): JSX.Element {
  return (
    <span
      class="explained"
      onPointerEnter={(event) => showTooltip(explanation, event.currentTarget.getBoundingClientRect())}
      onPointerLeave={hideTooltip}
    >
      {text}
    </span>
  );
}
