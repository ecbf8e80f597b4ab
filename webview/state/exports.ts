/** What is shown now and can leave the page: every table and picture registers while it is on screen. */
import { useEffect, useRef } from 'preact/hooks';
import { attempt } from './attempt.js';
import { host } from './channel.js';

export interface Exportable {
  readonly suggestedName: string;
  make(): Promise<Uint8Array> | Uint8Array;
}

interface Registered {
  readonly current: Exportable;
  /** Raised whenever a person touches the thing: the palette's export means what they touched last. */
  touched: number;
}

const shown = new Set<Registered>();
let touches = 0;

/** Registers while mounted. @returns to be called when a person points at the thing or focuses it */
export function useExportable(exportable: Exportable): () => void {
  const latest = useRef(exportable);
  latest.current = exportable;
  const entry = useRef<Registered>();
  useEffect(() => {
    const registered: Registered = {
      get current() {
        return latest.current;
      },
      touched: 0,
    };
    entry.current = registered;
    shown.add(registered);
    return () => {
      shown.delete(registered);
    };
  }, []);
  return () => {
    if (entry.current !== undefined) entry.current.touched = ++touches;
  };
}

/** Saves what was touched last, or else the first thing shown. */
export async function exportShown(): Promise<void> {
  let chosen: Registered | undefined;
  for (const entry of shown) if (chosen === undefined || entry.touched > chosen.touched) chosen = entry;
  if (chosen !== undefined) await save(chosen.current);
}

export async function save(exportable: Exportable): Promise<void> {
  await attempt(
    (async () => {
      const bytes = await exportable.make();
      await host.save({ suggestedName: exportable.suggestedName, bytes });
    })(),
  );
}

export async function copyText(text: string): Promise<void> {
  await attempt(host.copyText({ text }));
}

export function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** @throws Error when the browser cannot encode the picture (too large). */
export async function pngBytes(canvas: HTMLCanvasElement): Promise<Uint8Array> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob === null) throw new Error('The picture is too large to be saved as PNG');
  return new Uint8Array(await blob.arrayBuffer());
}
