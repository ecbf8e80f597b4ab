import type { Comparison } from '../../../src/core/pruning/proof.js';
import type { Footprint, PrunedFile, PruningPreview } from '../../../src/protocol/pruning.js';

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
    {
      source: 'bounds',
      units: 1,
      text: '0 for every input in the box: “image” from -2 to 2, pixels 0 to 255 as they are prepared',
    },
    { source: 'useless', units: 0, text: 'all weights that read them are 0' },
  ],
  units: 3,
  onDataOnly: 0,
  layers: [{ label: 'layer1.0.conv1', item: '#1', units: 16, removed: 3, bySource: { weights: 2, bounds: 1 } }],
  kept: [{ reason: 'it is an output of the model', units: 1 }],
  savings: {
    before,
    after: { ...before, parameters: 9_000, weightBytes: 36_000, operations: 1_800_000, activationBytes: 70_000 },
  },
  inBoxOnly: 1,
  box: '“image” from -2 to 2, pixels 0 to 255 as they are prepared',
  sentence:
    'Removing 3 units would save 1,000 of 10,000 parameters (10 %), 4 KB of 40 KB of weights (10 %), 200 K of 2 M operations (FLOPs) per forward (10 %), 10 KB of 80 KB of activations (13 %). 1 unit does nothing either but cannot be removed exactly.',
  proven:
    '2 are proven to change no output, whatever the input. 1 is proven dead inside this box of inputs only: “image” from -2 to 2, pixels 0 to 255 as they are prepared. Outside it nothing is proven.',
  check:
    'Before the new file is kept, it and the original run on 16 random inputs drawn inside the box and on the inputs of the model. If any output changes by more than rounding explains (float32: 0.00001 + 0.0001 × the sum of the sizes of the terms added up), no file is left.',
};

const same = (inputs: number, data: string): Comparison => ({
  inputs,
  data,
  largest: 6e-8,
  largestChange: undefined,
  worst: undefined,
  different: [],
  unequal: { inside: 0, outside: 0 },
  equal: true,
});

export const PRUNED: PrunedFile = {
  path: '/models/shapes.pruned.onnx',
  bytes: 990_000,
  preview: PRUNING,
  proof: {
    random: same(16, 'random inputs drawn inside the box'),
    data: same(200, 'images'),
    sentence:
      'On 16 random inputs drawn inside the box outputs changed by at most 6.0e-8. On 200 images outputs changed by at most 6.0e-8.',
  },
};
