/** Previews of inputs, asked for once and kept while they are among the recently shown ones. */
import type { ExamplePreview } from '../../src/core/dataset/dataset.js';
import { host } from './channel.js';

const KEPT_PREVIEWS = 400;

const previews = new Map<number, Promise<ExamplePreview>>();

export function loadPreview(index: number): Promise<ExamplePreview> {
  const known = previews.get(index);
  if (known !== undefined) {
    previews.delete(index);
    previews.set(index, known);
    return known;
  }
  const preview = host.example({ index }).then((detail) => detail.preview);
  previews.set(index, preview);
  preview.catch(() => previews.delete(index));
  const oldest = previews.keys().next();
  if (previews.size > KEPT_PREVIEWS && !oldest.done) previews.delete(oldest.value);
  return preview;
}

/** Other inputs: nothing known holds any more. */
export function forgetPreviews(): void {
  previews.clear();
}
