export interface Gate {
  /** Resolves once the gate is open. */
  readonly opened: Promise<void>;
  open(): void;
}

/** A gate that somebody opens, or that opens by itself after a while or when the work behind it is given up. */
export function createGate(milliseconds: number, signal: AbortSignal): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    open = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', open, { once: true });
  });
  return { opened, open };
}
