/** The questions that can be asked about features, one at a time. */
import type { JSX } from 'preact';
import type { FeatureOverview, Layout } from '../../src/protocol/features.js';
import { Tabs } from '../controls/tabs.js';
import { ui } from '../state/interface-state.js';
import { AllFeatures } from './all-features.js';
import { PromptPart } from './prompt-part.js';

const PARTS = [
  { name: 'all', label: 'All features' },
  { name: 'prompt', label: 'On a text' },
] as const;

const READ: Readonly<Record<Exclude<Layout['kind'], 'sequence'>, string>> = {
  grid: 'places of a picture',
  patches: 'patches of a picture',
  single: 'one row of each input',
  heads: 'one row of every head at every token, and a list by token would mix the heads',
};

function OnText({ overview }: { overview: FeatureOverview }): JSX.Element {
  const { kind } = overview.layout;
  return kind === 'sequence' ? (
    <PromptPart overview={overview} />
  ) : (
    <p class="note">
      Texts, and features changed on them, are for dictionaries that read every token of a language model: this one
      reads {READ[kind]}. “Run without it”, under every example of a feature, tells what the network says without the
      feature there.
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
