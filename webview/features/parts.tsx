/** What was gathered: what it rests on, then one question about features at a time. */
import type { JSX } from 'preact';
import type { AttachedDescription } from '../../src/protocol/dictionary.js';
import type { FeatureOverview } from '../../src/protocol/features.js';
import { FeatureFacts } from './facts.js';
import { FeaturePartTabs } from './part-tabs.js';

interface FeaturePartsProps {
  readonly overview: FeatureOverview;
  readonly dictionary: AttachedDescription;
}

export function FeatureParts({ overview, dictionary }: FeaturePartsProps): JSX.Element {
  return (
    <>
      <FeatureFacts overview={overview} dictionary={dictionary} />
      <FeaturePartTabs overview={overview} />
    </>
  );
}
