/** A button that opens a panel beside it. Escape and a click elsewhere close it. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

interface PopoverProps {
  /** What the button says, and how it is named where that is a sign. */
  readonly button: ComponentChildren;
  readonly label: string;
  readonly buttonClass?: string;
  readonly kind: 'dialog' | 'menu';
  readonly children: (close: () => void) => ComponentChildren;
  /** Opens it from elsewhere. */
  readonly opener?: { current: (() => void) | undefined };
}

export function Popover(props: PopoverProps): JSX.Element {
  const { button, label, buttonClass = 'text-button', kind, children, opener } = props;
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLSpanElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const close = (): void => {
    setOpen(false);
    root.current?.querySelector('button')?.focus();
  };
  if (opener !== undefined) opener.current = () => setOpen(true);
  useLayoutEffect(() => {
    if (open) panel.current?.querySelector<HTMLElement>('button, [tabindex]')?.focus();
  }, [open]);
  useEffect(() => {
    if (!open) return undefined;
    const onDown = (event: PointerEvent): void => {
      if (!(event.target instanceof Node && root.current?.contains(event.target))) setOpen(false);
    };
    window.addEventListener('pointerdown', onDown, true);
    return () => window.removeEventListener('pointerdown', onDown, true);
  }, [open]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!open || event.key !== 'Escape') return;
    event.stopPropagation();
    event.preventDefault();
    close();
  };
  return (
    <span class="popover-root" ref={root} onKeyDown={onKeyDown}>
      <button
        type="button"
        class={buttonClass}
        title={label}
        aria-label={label}
        aria-haspopup={kind}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <div class={`popover popover-${kind}`} role={kind} aria-label={label} ref={panel}>
          {children(close)}
        </div>
      )}
    </span>
  );
}
