/** An input that is no text, with what a feature does at its places, and the one that the example is about. */
import type { JSX } from 'preact';
import { patchesOf } from '../../src/core/dictionary/attach/layout.js';
import type { Excerpt, Layout } from '../../src/protocol/features.js';
import { loadPreview } from '../state/examples.js';
import { useResource } from '../state/resource.js';
import { ExamplePicture } from '../unit/example-picture.js';

interface PlaceExampleProps {
  readonly excerpt: Excerpt;
  readonly layout: Layout;
  /** The activation with the strongest colour. */
  readonly reach: number;
}

export function PlaceExample({ excerpt, layout, reach }: PlaceExampleProps): JSX.Element {
  const { input, activations, at } = excerpt;
  const preview = useResource(() => loadPreview(input), [input]);
  const patches = patchesOf(layout);
  const others = patches?.others.length ?? 0;
  const picture = layout.kind === 'grid' ? layout : patches;
  const shape = picture === undefined ? [activations.length] : [picture.height, picture.width];
  const isMarked = layout.kind !== 'single' && at >= others;
  return (
    <div class="example-picture">
      {preview.value && (
        <ExamplePicture
          preview={preview.value}
          activations={{ shape, values: activations.subarray(others), ...(isMarked ? { marked: at - others } : {}) }}
          reach={reach}
        />
      )}
      {preview.error && <span class="note">{preview.error.message}</span>}
    </div>
  );
}
