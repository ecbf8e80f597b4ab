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
      {ui.featurePart.value === 'all' ? <AllFeatures overview={overview} /> : <PromptPart overview={overview} />}
    </>
  );
}
