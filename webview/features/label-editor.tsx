/** A person’s own name and note of a feature. */
import type { JSX } from 'preact';
import { LONGEST_NAME, LONGEST_NOTE } from '../../src/core/features/labels.js';
import { featureLabels, labelFeature } from '../state/feature-labels.js';

export function LabelEditor({ feature }: { feature: number }): JSX.Element {
  const { name = '', note = '' } = featureLabels.value[feature] ?? {};
  return (
    <div class="label-editor">
      <input
        class="label-field"
        type="text"
        aria-label="Your name for this feature"
        placeholder="Your name for it"
        maxLength={LONGEST_NAME}
        value={name}
        onKeyDown={(event) => event.stopPropagation()}
        onChange={(event) => labelFeature(feature, { name: event.currentTarget.value, note })}
      />
      <textarea
        class="label-field"
        aria-label="Your note on this feature"
        placeholder="Your note, kept with the name in a file beside the dictionary"
        rows={note === '' ? 1 : Math.min(6, note.split('\n').length + 1)}
        maxLength={LONGEST_NOTE}
        value={note}
        onKeyDown={(event) => event.stopPropagation()}
        onChange={(event) => labelFeature(feature, { name, note: event.currentTarget.value })}
      />
    </div>
  );
}
