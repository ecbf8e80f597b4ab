/** What was gathered: what it rests on, then one question about features at a time. */
import type { JSX } from 'preact';
import type { AttachedDescription } from '../../src/protocol/dictionary.js';
import type { FeatureOverview } from '../../src/protocol/features.js';
import { Button } from '../controls/button.js';
import { gatherFeatures } from '../state/features.js';
import { runCommand } from '../state/session.js';
import { AllFeatures } from './all-features.js';
import { FeatureFacts } from './facts.js';

interface FeaturePartsProps {
  readonly overview: FeatureOverview;
  readonly dictionary: AttachedDescription;
}

export function FeatureParts({ overview, dictionary }: FeaturePartsProps): JSX.Element {
  return (
    <>
      <FeatureFacts overview={overview} dictionary={dictionary} />
      <div class="button-row">
        <Button icon="play" onClick={() => void gatherFeatures({})}>
          Run again
        </Button>
        <Button onClick={() => void runCommand('modelInspector.attachDictionary')}>Other Dictionary…</Button>
      </div>
      <AllFeatures overview={overview} />
    </>
  );
}
