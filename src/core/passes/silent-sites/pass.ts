import type { Observation } from '../../rewrite/observation.js';
import type { Pass } from '../pass.js';
import { mergePerLayer, perLayer, type PerLayer } from '../units.js';
import { report } from './report.js';
import { createSiteZeros, foldSites, mappedLayers, mergeSites, type SiteZeros } from './state.js';

const VERSION = 2;

/** Where in the picture channels are silent: zeros by site, methods C1 (sites and channels told apart). */
export const silentSites: Pass<PerLayer<SiteZeros>> = {
  id: 'silent-sites',
  version: VERSION,
  title: 'Silent sites of pictures',
  question: 'Where in the picture are channels silent?',
  method:
    'A site is one channel at one place of a feature map; a channel is all of its sites. The layer’s map shows at every place ' +
    'the share of its sites there that are exactly 0, over channels and inputs; a channel’s map the share of inputs on which ' +
    'the channel is exactly 0 there (places are put together where a map is larger than 32 × 32). A site is dead where it is 0 ' +
    'on every input, a channel where all of its sites are. Only functions that are exactly 0 somewhere.',
  applies: ({ layers }) =>
    layers.some(({ family }) => family === 'rectifier')
      ? { applies: true }
      : { applies: false, reason: 'No activation function of this model is exactly 0 anywhere.' },
  plan: (layers) => {
    const { mapped, withChannels } = mappedLayers(layers);
    return mapped.map(({ value }): Observation => ({
      layer: value,
      kind: withChannels.has(value) ? 'zero-count-by-site' : 'zero-count-by-position',
    }));
  },
  start(layers, _watched, _inputs, first) {
    const { mapped, withChannels } = mappedLayers(layers);
    return perLayer(mapped, (layer) => createSiteZeros(layer, withChannels.has(layer.value), first?.get(layer.value)));
  },
  fold(state, batch) {
    for (const zeros of state.values()) foldSites(zeros, batch);
  },
  merge: (state, other) => mergePerLayer(state, other, mergeSites),
  finish: (state, facts) => ({
    pass: 'silent-sites',
    passVersion: VERSION,
    ...report([...state.values()], facts),
    unitMetrics: [],
    exampleMetrics: [],
    curves: [],
  }),
};
