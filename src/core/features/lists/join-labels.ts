/** The names of a list beside those that a person wrote: theirs are kept unless they say otherwise. */
import type { FeatureLabel, FeatureLabels } from '../labels.js';

export interface JoinedLabels {
  readonly labels: FeatureLabels;
  /** Features that had no name, or no note, and get one. */
  readonly added: number;
  /** Features that are called something else already. */
  readonly differing: readonly {
    readonly feature: number;
    readonly own: FeatureLabel;
    readonly listed: FeatureLabel;
  }[];
}

/** What a list says differently: nothing that is empty in it, or in what the person wrote. */
function differs(own: FeatureLabel, listed: FeatureLabel): boolean {
  const other = (key: 'name' | 'note'): boolean => own[key] !== '' && listed[key] !== '' && own[key] !== listed[key];
  return other('name') || other('note');
}

/**
 * @param features with clean labels, as lists are read. @param differing whose word counts where both say something, name and note each. What a list leaves empty never takes
 *   away what the person wrote.
 */
export function joinLabels(
  labels: FeatureLabels,
  features: readonly { readonly feature: number; readonly label: FeatureLabel }[],
  differing: 'own' | 'listed',
): JoinedLabels {
  const joined: Record<number, FeatureLabel> = { ...labels };
  const others: JoinedLabels['differing'][number][] = [];
  let added = 0;
  for (const { feature, label: listed } of features) {
    if (listed.name === '' && listed.note === '') continue;
    const own = labels[feature] ?? { name: '', note: '' };
    if (differs(own, listed)) others.push({ feature, own, listed });
    else if ((own.name === '' && listed.name !== '') || (own.note === '' && listed.note !== '')) added++;
    const [first, second] = differing === 'own' ? [own, listed] : [listed, own];
    joined[feature] = { name: first.name || second.name, note: first.note || second.note };
  }
  return { labels: joined, added, differing: others };
}
