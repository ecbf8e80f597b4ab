/** What the pass gives back beside findings: numbers per layer and unit, and the table. */
import type { ObservedLayer } from '../../graph/layers.js';
import { meanFinite, peaks } from '../../summary/extrema.js';
import type { RunFacts } from '../pass.js';
import type { LayerMetric, ResultTable, UnitMetric } from '../result.js';
import { count } from '../words.js';
import { withoutGrowth } from './growth.js';
import { deadRate, dormancyScores, firingRates, type LayerFiring } from './state.js';
import type { LayerVerdicts, UnitState } from './verdicts.js';

type Verdicts = ReadonlyMap<string, LayerVerdicts>;
type Firings = ReadonlyMap<string, LayerFiring>;

const SHARE = { format: 'share', scale: 'sequential' } as const;

export function layerMetrics(verdicts: Verdicts, state: Firings, facts: RunFacts): LayerMetric[] {
  const rectifiers = facts.layers.filter(({ family }) => family === 'rectifier');
  const saturating = facts.layers.filter(({ family }) => family === 'saturating');
  const values = (
    layers: readonly ObservedLayer[],
    of: (verdict: LayerVerdicts, layer: ObservedLayer) => number | undefined,
  ): Record<string, number> =>
    Object.fromEntries(
      layers.flatMap((layer) => {
        const verdict = verdicts.get(layer.value);
        const value = verdict && of(verdict, layer);
        return value === undefined ? [] : [[layer.value, value]];
      }),
    );
  const stateShare = (wanted: UnitState, layers: readonly ObservedLayer[]): Record<string, number> =>
    values(layers, ({ states }, { units }) => states.filter((each) => each === wanted).length / units);
  const listed = (of: (verdict: LayerVerdicts) => readonly number[] | undefined): Record<string, number> =>
    values(facts.layers, (verdict, { units }) => {
      const found = of(verdict);
      return found && found.length / units;
    });
  const rate = (layer: ObservedLayer): number => deadRate(state.get(layer.value) as LayerFiring);
  const metric = (id: string, label: string, definition: string, found: Record<string, number>): LayerMetric[] =>
    Object.keys(found).length === 0 ? [] : [{ ...SHARE, id, label, definition, values: found }];
  return [
    ...metric(
      'layer-dead-share',
      'Dead share',
      'Share of the layer’s units that never fired: exactly 0 everywhere, or for smooth functions max |h| under 1 % of what it is on average over the layer’s units.',
      stateShare('dead', facts.layers),
    ),
    ...metric(
      'layer-dormant-share',
      'Dormant share',
      'Share of the layer’s units that fired on under 1 % of their entries, but not never (rectifiers only).',
      stateShare('dormant', rectifiers),
    ),
    ...metric(
      'layer-always-on-share',
      'Always-on share',
      'Share of the layer’s units that were never exactly 0 (rectifiers only). A plain ReLU was linear there.',
      stateShare('always-on', rectifiers),
    ),
    ...metric(
      'layer-saturated-share',
      'Saturated share',
      'Share of the layer’s units with more than 99 % of their entries at an end of the range (Tanh and sigmoid families only).',
      stateShare('saturated', saturating),
    ),
    ...metric(
      'layer-dead-rate',
      'Dead neuron rate (DNR)',
      'Share of the layer’s units that are exactly 0 on every position of an input, averaged over inputs (rectifiers only).',
      values(rectifiers, (_, layer) => rate(layer)),
    ),
    ...metric(
      'layer-dynamic-dead-rate',
      'Dynamic DNR',
      'DNR less the share of units that are dead by their weights and biases alone: what the data, not pruning, silences.',
      values(rectifiers, ({ dead }, layer) => dead && rate(layer) - dead.length / layer.units),
    ),
    ...metric(
      'layer-faint-share',
      'Faint share',
      'Share of the layer’s units whose mean |h| is at most 0.025 of the mean of that over the layer’s units (ReDo’s dormant units).',
      listed(({ faint }) => faint),
    ),
    ...metric(
      'layer-constant-share',
      'Constant share',
      'Share of the layer’s units with one value, other than 0, on every position of every input.',
      listed(({ constant }) => constant),
    ),
    ...metric(
      'layer-duplicate-share',
      'Duplicate share',
      'Share of the layer’s units whose values are, bit for bit, those of another unit before them on every input; dead and constant units are not counted.',
      listed(({ duplicates }) => duplicates),
    ),
    ...metric(
      'layer-useless-share',
      'Useless share',
      'Share of the layer’s units that every weight behind them multiplies by exactly 0. Layers that anything else than weights reads are left out.',
      listed(({ useless }) => useless),
    ),
    ...metric(
      'layer-static-dead-share',
      'Dead by weights',
      'Share of the layer’s units that no input can wake: all incoming weights are 0 and the activation function makes 0 of what is left (static dead). Layers whose weights were not read are left out.',
      listed(({ dead }) => dead),
    ),
  ];
}

export function unitMetrics(state: Firings, { layers }: RunFacts): UnitMetric[] {
  const perUnit = (value: (firing: LayerFiring) => ArrayLike<number>): UnitMetric['values'] =>
    Object.fromEntries(
      layers.map((layer) => [layer.value, Float32Array.from(value(state.get(layer.value) as LayerFiring))]),
    );
  return [
    {
      ...SHARE,
      id: 'unit-firing-rate',
      label: 'Firing rate',
      definition:
        'p: share of the unit’s entries (positions × inputs) that are not exactly 0. 0 is dead, 1 is always on.',
      values: perUnit(firingRates),
    },
    {
      id: 'unit-peak-ratio',
      label: 'Peak against the layer',
      definition:
        'max |h| of the unit over the mean of that over its layer’s units. Under 0.01, a unit of a smooth function is dead.',
      format: 'number',
      scale: 'sequential',
      values: perUnit(({ extrema }) => {
        const magnitudes = peaks(extrema);
        const typical = meanFinite(magnitudes);
        return magnitudes.map((peak) => (typical === 0 ? 0 : peak / typical));
      }),
    },
    {
      ...SHARE,
      id: 'unit-silent-inputs',
      label: 'Silent inputs',
      definition: 'Share of inputs on which the unit is exactly 0 on every position.',
      values: perUnit(({ silentInputs, inputs }) => silentInputs.map((silent) => silent / (inputs[0] as number))),
    },
    {
      id: 'unit-dormancy-score',
      label: 'Dormancy score',
      definition:
        'Mean |h| of the unit over the mean of that over its layer’s units (ReDo). At most 0.025 counts as faint.',
      format: 'number',
      scale: 'sequential',
      values: perUnit(dormancyScores),
    },
  ];
}

/** One row per layer: every kind of unit that does little, counted. */
export function unitsTable(verdicts: Verdicts, state: Firings, facts: RunFacts): ResultTable {
  const rows = facts.layers.map((layer) => {
    const { states, constant, duplicates, faint, useless, dead } = verdicts.get(layer.value) as LayerVerdicts;
    const number = (wanted: UnitState): number => states.filter((each) => each === wanted).length;
    const ofRectifiers = (value: number): number | string => (layer.family === 'rectifier' ? value : '–');
    return {
      cells: [
        layer.label,
        layer.units,
        number('dead'),
        ofRectifiers(number('dormant')),
        ofRectifiers(number('always-on')),
        layer.family === 'saturating' ? number('saturated') : '–',
        constant.length,
        faint.length,
        duplicates.length,
        useless?.length ?? '–',
        dead?.length ?? '–',
        ofRectifiers(deadRate(state.get(layer.value) as LayerFiring)),
      ],
    };
  });
  return {
    id: 'units-that-do-little',
    title: 'Units that do little, by layer',
    definition:
      `Units counted ${facts.onInputs}; N is ${count(facts.inputsSeen)} inputs. Never fires: p = 0 (smooth functions: max |h| < 1 % of the layer’s average). ` +
      'Rarely: 0 < p < 1 %. Always: p = 1. Saturated: > 99 % of entries at an end. Constant: one value, not 0. ' +
      'Faint: mean |h| ≤ 0.025 of the layer’s. Duplicate: bit for bit another unit. Useless: every outgoing weight is 0. ' +
      'Dead by weights: no input can wake it. A unit may be counted in several columns; – where a column does not apply.' +
      withoutGrowth(facts),
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'units', label: 'Units', format: 'count' },
      { id: 'never', label: 'Never fires', format: 'count' },
      { id: 'rarely', label: 'Rarely', format: 'count' },
      { id: 'always', label: 'Always', format: 'count' },
      { id: 'saturated', label: 'Saturated', format: 'count' },
      { id: 'constant', label: 'Constant', format: 'count' },
      { id: 'faint', label: 'Faint', format: 'count' },
      { id: 'duplicate', label: 'Duplicate', format: 'count' },
      { id: 'useless', label: 'Useless', format: 'count' },
      { id: 'weights', label: 'Dead by weights', format: 'count' },
      { id: 'dnr', label: 'DNR', format: 'share' },
    ],
    rows,
  };
}
