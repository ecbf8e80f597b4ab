/** The questions that can be asked about features, one at a time. */
import type { JSX } from 'preact';
import type { FeatureOverview } from '../../src/protocol/features.js';
import { Tabs } from '../controls/tabs.js';
import { ui } from '../state/interface-state.js';
import { AllFeatures } from './all-features.js';
import { PromptPart } from './prompt-part.js';

const PARTS = [
  { name: 'all', label: 'All features' },
  { name: 'prompt', label: 'On a text' },
] as const;

function OnText({ overview }: { overview: FeatureOverview }): JSX.Element {
  return overview.layout.kind === 'sequence' ? (
    <PromptPart overview={overview} />
  ) : (
    <p class="note">
      Texts, and features changed on them, are for dictionaries that read every token of a language model: this one
      reads {overview.layout.kind === 'grid' ? 'places of a picture' : 'one row of each input'}. “Run without it”, under
      every example of a feature, tells what the network says without the feature there.
    </p>
  );
}

export function FeaturePartTabs({ overview }: { overview: FeatureOverview }): JSX.Element {
  return (
    <>
      <Tabs
        label="Questions about features"
        kind="segments"
        tabs={PARTS}
        active={ui.featurePart.value}
        onChange={(part) => (ui.featurePart.value = part)}
      />
      {ui.featurePart.value === 'all' ? <AllFeatures overview={overview} /> : <OnText overview={overview} />}
    </>
  );
}
