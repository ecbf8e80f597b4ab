import { findRoles } from '../../graph/roles/roles.js';
import type { Observation } from '../../rewrite/observation.js';
import { letRowsGo, sampledRows } from '../../summary/row-sample.js';
import type { Pass } from '../pass.js';
import { needsActivationLayers } from '../units.js';
import { healthResult } from './report.js';
import { spectrumOf } from './spectra.js';
import { createLayerHealth, foldHealth, mergeHealth, rowKind, sampledLayers, type LayerHealth } from './state.js';

const VERSION = 3;

/** Has a layer collapsed to few directions, and which units contribute nothing: methods D2. */
export const layerHealth: Pass<LayerHealth> = {
  id: 'layer-health',
  version: VERSION,
  readsWeights: true,
  title: 'Layer health',
  question: 'How many directions does every layer really use, and which units contribute little or repeat others?',
  method:
    'Of every layer, up to 1,000 rows (units of one position of one input) are spread evenly over the inputs. With σ their ' +
    'singular values, not centred, and p = σ / Σσ, effective rank is exp(−Σ p ln p); rank99 is the fewest largest σ whose ' +
    'sum is at least 99 % of all. Both can be at most the smaller of rows and units. Contribution utility of a unit is ' +
    'mean |h| times the sum (or the mean) of |w| over the weights that read it; where a gate multiplies the unit, h is the ' +
    'product. Multiples: units whose rows correlate with those of a unit before them by at least 0.9999 in size. ' +
    'Source: “Loss of Plasticity in Deep Continual Learning” (Dohare et al., 2024).',
  applies: needsActivationLayers,
  watches: ({ graph }) =>
    findRoles(graph)
      .mlpBlocks.filter(({ kind }) => kind === 'gated')
      .map(({ neurons, label }) => ({ value: neurons, label: `${label} behind its gate` })),
  plan(layers, watched = []) {
    const sampled = new Set(sampledLayers(layers).sampled.map(({ value }) => value));
    return [...layers, ...watched].flatMap((layer): Observation[] => [
      { layer: layer.value, kind: 'absolute-sum' },
      ...(sampled.has(layer.value) ? [{ layer: layer.value, kind: rowKind(layer) }] : []),
    ]);
  },
  start: (layers, watched = [], inputs = 1, first?) => createLayerHealth(layers, watched, inputs, first),
  fold(state, batch) {
    const layers = new Set(batch.layers.map(({ value }) => value));
    foldHealth(
      state,
      batch,
      [...state.magnitudes.keys()].filter((value) => !layers.has(value)),
    );
  },
  merge: mergeHealth,
  async settle(state, { signal, multiply }) {
    for (const [layer, sample] of state.rows) {
      const { rows, data } = sampledRows(sample);
      state.spectra.set(
        layer,
        await spectrumOf(data, rows, sample.units, signal === undefined ? {} : { signal }, multiply),
      );
      // Each layer's rows are needed once.
      letRowsGo(sample);
    }
  },
  finish: (state, facts) => healthResult(state, facts, VERSION),
};
