/** What a person calls features: read once they are shown, kept in a file beside the dictionary. */
import { signal } from '@preact/signals';
import type { FeatureLabel, FeatureLabels } from '../../src/protocol/features.js';
import { attempt } from './attempt.js';
import { host } from './channel.js';

export const featureLabels = signal<FeatureLabels>({});

export function loadLabels(): void {
  featureLabels.value = {};
  keep(host.featureLabels({}));
}

/** An empty name and note take the label away. */
export function labelFeature(feature: number, label: FeatureLabel): void {
  keep(host.labelFeature({ feature, label }));
}

function keep(asked: Promise<FeatureLabels>): void {
  void attempt(
    asked.then((labels) => {
      featureLabels.value = labels;
    }),
  );
}
