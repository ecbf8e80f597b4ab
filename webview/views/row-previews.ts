/** Names and small pictures of the inputs in sight, asked for as they come into sight. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { ExamplePreview } from '../../src/core/dataset/dataset.js';
import { loadPreview } from '../state/examples.js';
import { logDefect } from '../state/log.js';
import { inputNumber } from '../../src/core/told-numbers.js';

/** More rows than this in sight are too thin for names. */
const MOST_NAMED_ROWS = 80;

export interface RowPreviews {
  name(row: number): string | undefined;
  image(row: number): ImageBitmap | undefined;
  /** Rows [first, last] are in sight. */
  show(first: number, last: number): void;
}

export function useRowPreviews(examples: Int32Array, onArrival: () => void): RowPreviews {
  const arrived = useRef(onArrival);
  arrived.current = onArrival;
  const store = useMemo(() => createRowPreviews(examples, () => arrived.current()), [examples]);
  useEffect(() => () => store.close(), [store]);
  return store;
}

function createRowPreviews(examples: Int32Array, onArrival: () => void): RowPreviews & { close(): void } {
  const names = new Map<number, string>();
  const images = new Map<number, ImageBitmap>();
  const asked = new Set<number>();
  let closed = false;

  const take = async (row: number, preview: ExamplePreview): Promise<void> => {
    names.set(row, preview.label === undefined ? preview.name : `${preview.name} (${preview.label})`);
    if (preview.kind === 'image') {
      const bitmap = await createImageBitmap(new Blob([preview.bytes.slice()], { type: preview.mime }), {
        resizeWidth: 64,
        resizeHeight: 64,
      });
      if (closed) bitmap.close();
      else images.set(row, bitmap);
    }
    if (!closed) onArrival();
  };

  return {
    name: (row) => names.get(row),
    image: (row) => images.get(row),
    show(first, last) {
      if (last - first > MOST_NAMED_ROWS) return;
      for (let row = first; row <= last; row++) {
        const example = examples[row];
        if (example === undefined || asked.has(row)) continue;
        asked.add(row);
        loadPreview(example)
          .then((preview) => take(row, preview))
          .catch((error: unknown) => {
            names.set(row, `input ${inputNumber(example)}`);
            logDefect(error);
          });
      }
    },
    close() {
      closed = true;
      for (const bitmap of images.values()) bitmap.close();
      images.clear();
    },
  };
}
