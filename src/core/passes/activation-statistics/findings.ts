import type { BrokenWeights } from '../../graph/scan-weights.js';
import type { RunFacts } from '../pass.js';
import type { Finding } from '../result.js';
import { unitsWhere, type PerLayer } from '../units.js';
import { amount, count, ofUnits, oneInputCaution } from '../words.js';
import type { LayerStatistics } from './state.js';

function meanMagnitude({ absoluteSum, absoluteEntries }: LayerStatistics): number {
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  return total(absoluteSum) / total(absoluteEntries);
}

export function statisticsAnswer(state: PerLayer<LayerStatistics>, facts: RunFacts): string {
  const sizes = facts.layers
    .map(({ value, label }) => ({ label, mean: meanMagnitude(state.get(value) as LayerStatistics) }))
    .filter(({ mean }) => Number.isFinite(mean))
    .sort((a, b) => a.mean - b.mean);
  const units = facts.layers.reduce((sum, layer) => sum + layer.units, 0);
  const broken = [...state.values()].filter(({ nonFinite }) => nonFinite.some((entries) => entries > 0)).length;
  const low = sizes[0];
  const high = sizes.at(-1);
  const spread =
    low === undefined || high === undefined
      ? 'no finite activation was seen'
      : low.mean === high.mean
        ? `mean |activation| is ${amount(low.mean)}`
        : `mean |activation| runs from ${amount(low.mean)} (${low.label}) to ${amount(high.mean)} (${high.label})`;
  const finite = broken === 0 ? 'nothing is NaN or infinite' : `${count(broken)} of them hold NaN or infinity`;
  const layers = facts.layers.length === 1 ? '1 layer' : `${count(facts.layers.length)} layers`;
  return `In ${layers} with ${count(units)} units, ${spread}; ${finite} (${facts.onInputs}).${oneInputCaution(facts.inputsSeen)}`;
}

export function statisticsFindings(state: PerLayer<LayerStatistics>, facts: RunFacts): Finding[] {
  return [...facts.brokenWeights.map(brokenWeights), ...layerFindings(state, facts)];
}

function brokenWeights({ tensor, broken, elements }: BrokenWeights): Finding {
  return {
    severity: 'error',
    // Above every layer that it breaks: this is the cause.
    weight: 2,
    sentence: `The weights ${tensor} hold ${count(broken)} NaN or infinite ${broken === 1 ? 'value' : 'values'} among ${count(elements)}.`,
    advice:
      'Training diverged or the export went wrong. An engine may hide it: the usual ReLU turns NaN into 0, so the layer looks dead.',
  };
}

function layerFindings(state: PerLayer<LayerStatistics>, facts: RunFacts): Finding[] {
  return facts.layers.flatMap(({ value, label, units, unitWord }): Finding[] => {
    const statistics = state.get(value);
    if (statistics === undefined) return [];
    const { nonFinite, nonFiniteInputs } = statistics;
    const found: Finding[] = [];
    const broken = unitsWhere(units, (unit) => (nonFinite[unit] as number) > 0);
    if (broken.length > 0) {
      const inputs = nonFiniteInputs[0] as number;
      found.push({
        severity: 'error',
        kind: 'non-finite',
        weight: inputs / facts.inputsSeen,
        sentence:
          `${label}: ${ofUnits(broken.length, units, unitWord)} gave NaN or infinity on ${count(inputs)} of ` +
          `${count(facts.inputsSeen)} inputs.`,
        layer: value,
        units: broken,
        advice: 'The first such layer in the graph is where it starts; look at the inputs there and at its weights.',
      });
    }
    return found;
  });
}
