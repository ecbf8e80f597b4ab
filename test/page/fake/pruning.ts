import type { Footprint, PruningPreview } from '../../../src/protocol/pruning.js';

const before: Footprint = {
  parameters: 10_000,
  weightBytes: 40_000,
  operations: 2_000_000,
  activationBytes: 80_000,
  peakBytes: 20_000,
};

export const PRUNING: PruningPreview = {
  sources: [
    { source: 'weights', units: 2, text: 'all of their incoming weights are 0' },
    { source: 'bounds', units: 1, text: '0 for every input in the box (“image” from -2 to 2)' },
    { source: 'useless', units: 0, text: 'all weights that read them are 0' },
  ],
  units: 3,
  onDataOnly: 0,
  layers: [{ label: 'layer1.0.conv1', item: '#1', units: 16, removed: 3, bySource: { weights: 2, bounds: 1 } }],
  kept: [{ reason: 'it is an output of the model', units: 1 }],
  savings: { before, after: { ...before, parameters: 9_000, operations: 1_800_000, activationBytes: 70_000 } },
  sentence:
    'Removing 3 units (proven to change no output) would save 1,000 of 10,000 parameters (10 %), 200 K of 2 M operations per forward (10 %), 10 KB of 80 KB of activations (13 %). 1 unit does nothing either but cannot be removed exactly.',
};
