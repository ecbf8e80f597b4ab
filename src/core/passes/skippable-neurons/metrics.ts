/** What skipping means for each layer, as colours of the graph: the numbers of the table by layer. */
import type { LayerMetric, Quantity } from '../result.js';
import { budgetText } from './budget-text.js';
import { thresholdFor, type ChosenThreshold } from './cett.js';
import type { Examined } from './examined.js';
import { savingsOf, type LayerSavings } from './savings.js';

/** Of one layer, at the thresholds of the answer. `share` is that of its (site, neuron) entries. */
export interface LayerNumbers extends LayerSavings {
  /** Absent where whole activation layers are masked. */
  readonly chosen?: ChosenThreshold;
}

/** @param shares skipped of each layer. */
export function numbersByLayer({ calibration, search }: Examined, shares: readonly number[]): readonly LayerNumbers[] {
  return calibration.layers.map(({ layer, curve }, index) => {
    const share = shares[index] ?? NaN;
    const savings = savingsOf(layer, share);
    return {
      layer,
      share,
      ...(curve === undefined ? {} : { chosen: thresholdFor(curve, search.best.target) }),
      ...(savings === undefined ? {} : { savings }),
    };
  });
}

export function layerMetrics(examined: Examined, numbers: readonly LayerNumbers[]): LayerMetric[] {
  const budget = budgetText(examined);
  const metric = (
    id: string,
    label: string,
    definition: string,
    format: Quantity['format'],
    of: (each: LayerNumbers) => number | undefined,
  ): LayerMetric => ({
    id,
    label,
    definition,
    format,
    scale: 'sequential',
    values: Object.fromEntries(
      numbers.flatMap((each) => {
        const value = of(each);
        return value === undefined ? [] : [[each.layer.layer, value]];
      }),
    ),
  });
  return [
    metric(
      'skippable-share',
      'Neurons skipped',
      `Share of a layer’s (site, neuron) entries that are skipped ${budget}, counted by the network that skips them: |n| below the layer’s threshold, strictly.`,
      'share',
      ({ share }) => share,
    ),
    metric(
      'skippable-cett',
      'Lost by skipping (CETT)',
      `Length of the sum of the skipped neurons’ outputs over that of all, mean over the sampled sites, at the layer’s threshold ${budget} (CETT).`,
      'share',
      ({ chosen }) => chosen?.cett,
    ),
    metric(
      'skippable-threshold',
      'Threshold of skipping',
      `Neurons are skipped where |n|, the length of what a neuron adds at a site, is below this number, strictly, ${budget}.`,
      'number',
      ({ chosen }) => chosen?.threshold,
    ),
    metric(
      'skippable-weights-behind',
      'Weights not read: behind',
      `Weights behind the neurons that are skipped at a token, mean over tokens, ${budget}: which these are, is known once neurons are computed. An estimate from sizes; not of convolutions, whose weights are read once for all positions.`,
      'count',
      ({ savings }) => savings?.down,
    ),
    metric(
      'skippable-weights',
      'Weights not read: all',
      `All weights of the neurons that are skipped at a token, mean over tokens, ${budget}: where something foretells which these are. An estimate from sizes; not of convolutions, whose weights are read once for all positions.`,
      'count',
      ({ savings }) => savings?.all,
    ),
    metric(
      'skippable-operations',
      'Operations not done',
      `Multiplications and additions of one input, over all its sites, that go with the neurons skipped ${budget}. An estimate from sizes.`,
      'count',
      ({ savings }) => savings?.operations,
    ),
  ].filter(({ values }) => Object.keys(values).length > 0);
}
