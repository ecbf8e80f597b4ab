/** A person’s names of features, and those of lists beside them. */
import { joinLabels } from '../../core/features/lists/join-labels.js';
import { cleanLabel, withLabel } from '../../core/features/labels.js';
import { changeLabels, readLabels } from '../../node/feature-labels.js';
import type { FeatureListQuestions } from '../../protocol/feature-lists.js';

export const labelQuestions: Pick<FeatureListQuestions, 'labels' | 'writeLabels'> = {
  labels: ({ dictionary }) => readLabels(dictionary),
  writeLabels: ({ dictionary, labels: given, named }) =>
    changeLabels(dictionary, (labels) =>
      named === 'set'
        ? given.reduce((all, { feature, label }) => withLabel(all, feature, label), labels)
        : joinLabels(
            labels,
            given.map(({ feature, label }) => ({ feature, label: cleanLabel(label) })),
            named === 'keep-own' ? 'own' : 'listed',
          ).labels,
    ),
};
