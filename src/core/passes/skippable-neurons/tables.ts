import { accuracy } from '../../experiment/loss-totals.js';
import { increaseDefinition, increaseLabel } from '../../experiment/loss-words.js';
import type { ResultTable } from '../result.js';
import { countParameters } from '../../graph/parameters.js';
import { amount } from '../words.js';
import { isSiteWise } from './masked-layers.js';
import { budgetText } from './budget-text.js';
import { LEAST_POSITIVE } from './cett.js';
import { increaseOf, lossOf, type Examined, type MeasuredPoint } from './examined.js';
import type { LayerNumbers } from './metrics.js';
import { savingsTogether } from './savings.js';

/** One row per layer at the thresholds of the answer, and a row for all of them. */
export function layerTable(examined: Examined, numbers: readonly LayerNumbers[]): ResultTable {
  const { subject, calibration, search } = examined;
  const { target, skipped } = search.best;
  const together = savingsTogether(numbers);
  const cellOf = (value: number | undefined): number | string =>
    value === undefined || Number.isNaN(value) ? '–' : value;
  const rows = calibration.layers.map(({ layer, curve, sampled, isExact }, index) => {
    const { chosen, share = NaN, savings } = numbers[index] ?? {};
    const how =
      curve === undefined
        ? 'share of the layer'
        : isExact
          ? 'sum of outputs'
          : isSiteWise(layer)
            ? 'as if orthogonal (weights too large to read)'
            : 'as if orthogonal (kernel larger than 1 × 1)';
    const note = chosen?.fallsAgain
      ? 'CETT falls again above it'
      : curve !== undefined && curve.leftOut > 0
        ? `at ${curve.leftOut} of ${sampled} sites the outputs sum up to nothing`
        : '';
    return {
      cells: [
        layer.label,
        layer.block?.kind ?? 'activation layer',
        layer.neurons,
        layer.sites,
        share,
        cellOf(savings?.operations),
        cellOf(savings?.weights),
        cellOf(savings?.down),
        cellOf(savings?.all),
        chosen === undefined ? '–' : chosen.threshold <= LEAST_POSITIVE ? 'only what is 0' : amount(chosen.threshold),
        cellOf(chosen?.cett),
        how,
        note,
      ],
    };
  });
  const all = together?.all ?? NaN;
  const total = countParameters(subject.graph).total;
  return {
    id: 'skippable-layers',
    title: `By layer, ${budgetText(examined)}`,
    definition:
      `Sites of one input (tokens, positions). Threshold and CETT are those of the sampled sites at the target of ${target.toFixed(4)}; the share skipped is counted over all sites. ` +
      'Weights not read at a token are an estimate: those behind skipped neurons (“behind”: which, is known once neurons are computed), and all weights of skipped neurons (“all”: where something foretells which they are); convolutions read theirs once for all positions. A matrix between the neurons of two blocks counts once for all layers together, what both save of it as the product of their shares. ' +
      `Operations are multiplications and additions of one input. ${Number.isNaN(all) || total === 0 ? '' : `All weights of skipped neurons are ${((100 * all) / total).toFixed(1)} % of the model’s ${total.toLocaleString('en-US')} parameters.`}`,
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'kind', label: 'Block', format: 'text' },
      { id: 'neurons', label: 'Neurons', format: 'count' },
      { id: 'sites', label: 'Sites', format: 'count' },
      { id: 'skipped', label: 'Skipped', format: 'share' },
      { id: 'operations', label: 'Operations not done', format: 'count' },
      { id: 'weights', label: 'Weights', format: 'count' },
      { id: 'down', label: 'Not read: behind', format: 'count' },
      { id: 'all', label: 'Not read: all', format: 'count' },
      { id: 'threshold', label: 'Threshold', format: 'text' },
      { id: 'cett', label: 'CETT', format: 'share' },
      { id: 'how', label: 'CETT from', format: 'text' },
      { id: 'note', label: 'Note', format: 'text' },
    ],
    rows: [
      ...rows,
      {
        cells: [
          'all layers',
          '',
          calibration.layers.reduce((neurons, { layer }) => neurons + layer.neurons, 0),
          '–',
          skipped.sparsity,
          cellOf(together?.operations),
          cellOf(together?.weights),
          cellOf(together?.down),
          cellOf(together?.all),
          '–',
          '–',
          '',
          '',
        ],
      },
    ],
  };
}

/** Every network that was run. */
export function settingsTable(examined: Examined, points: readonly MeasuredPoint[]): ResultTable {
  const { measure, calibration } = examined;
  const hasLabels = accuracy(calibration.clean) !== undefined;
  return {
    id: 'skipping-settings',
    title: 'Every setting that was run',
    definition: `Loss, the ${measure.label}: ${measure.definition} Increase, ${increaseLabel(measure.kind)}: ${increaseDefinition(measure.kind)}`,
    columns: [
      { id: 'metric', label: 'Metric', format: 'text' },
      { id: 'setting', label: 'Setting', format: 'text' },
      { id: 'skipped', label: 'Skipped', format: 'share' },
      // Exactly what is told above; long headings would push the last columns out of sight.
      { id: 'loss', label: measure.kind === 'relative-change' ? 'Mean change' : 'Mean loss, nats', format: 'number' },
      { id: 'increase', label: 'Increase', format: 'share' },
      ...(hasLabels ? [{ id: 'accuracy', label: 'Accuracy', format: 'share' as const }] : []),
    ],
    rows: points.map((point) => ({
      cells: [
        point.metric,
        point.setting,
        point.skipped.sparsity,
        lossOf(point),
        increaseOf(examined, point),
        ...(hasLabels ? [accuracy(point.skipped.totals) ?? NaN] : []),
      ],
    })),
  };
}
