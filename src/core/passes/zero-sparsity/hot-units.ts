/** Hot and cold neurons: how unevenly firing is spread over a layer's units (OURS, beside methods C1). */
import { total } from '../../summary/counts.js';
import type { RunFacts } from '../pass.js';
import type { Curve, LayerMetric, ResultTable } from '../result.js';
import type { PerLayer } from '../units.js';
import { count } from '../words.js';
import type { LayerZeros } from './state.js';

const POINTS = 50;
/** The x of “the hottest x”, and the share of firing that “units for y” asks for. */
const HOTTEST = [0.1, 0.2, 0.5] as const;
const MOST_FIRING = 0.8;

interface FiringSpread {
  readonly value: string;
  readonly label: string;
  readonly units: number;
  /** Firing mass of the hottest 1, 2, … units, as a share of all. */
  readonly upTo: Float64Array;
  readonly silent: number;
}

/** Layers of rectifiers in which anything fired: elsewhere nearly every entry fires, and every unit alike. */
export function firingSpreads(state: PerLayer<LayerZeros>, { layers }: RunFacts): FiringSpread[] {
  return layers.flatMap(({ value, label, family, units }) => {
    const zeros = state.get(value);
    if (family !== 'rectifier' || zeros === undefined) return [];
    const masses = zeros.entries
      .map((entries, unit) => entries - (zeros.zeros[unit] as number))
      .sort()
      .reverse();
    const all = total(masses);
    if (all === 0) return [];
    let sum = 0;
    const upTo = masses.map((mass) => (sum += mass) / all);
    return [{ value, label, units, upTo, silent: masses.filter((mass) => mass === 0).length }];
  });
}

/** Share of firing that the hottest `share` of the units have, whole units only (rounded, at least one). */
export function firingOfHottest({ upTo, units }: FiringSpread, share: number): number {
  return upTo[Math.max(1, Math.round(share * units)) - 1] as number;
}

/** Share of units that the hottest ones are which together have `firing` of all. */
export function unitsForFiring({ upTo, units }: FiringSpread, firing: number): number {
  return (upTo.findIndex((share) => share >= firing) + 1) / units;
}

export function hotMetrics(spreads: readonly FiringSpread[]): LayerMetric[] {
  if (spreads.length === 0) return [];
  const share = (id: string, label: string, definition: string, of: (spread: FiringSpread) => number): LayerMetric => ({
    id,
    label,
    definition: `Firing of a unit is how many of its entries (positions × inputs) are not exactly 0. ${definition} (rectifiers only).`,
    format: 'share',
    scale: 'sequential',
    values: Object.fromEntries(spreads.map((spread) => [spread.value, of(spread)])),
  });
  return [
    share(
      'layer-hot-share',
      'Firing of the hottest fifth',
      'Share of the layer’s firing that the fifth of its units has that fires most',
      (spread) => firingOfHottest(spread, 0.2),
    ),
    share(
      'layer-hot-units-share',
      `Hot units (${MOST_FIRING * 100} % of firing)`,
      `Share of the layer’s units that the ones are which fire most and together have ${MOST_FIRING * 100} % of its firing: the fewer, the hotter`,
      (spread) => unitsForFiring(spread, MOST_FIRING),
    ),
    share(
      'layer-cold-share',
      'Cold units',
      'Share of the layer’s units that never fire, on any position of any input',
      ({ silent, units }) => silent / units,
    ),
  ];
}

export function hotCurve(spreads: readonly FiringSpread[]): Curve[] {
  if (spreads.length === 0) return [];
  const x = Float32Array.from({ length: POINTS + 1 }, (_, point) => point / POINTS);
  return [
    {
      id: 'hot-units',
      title: 'Hot and cold units',
      xLabel: 'Hottest share of the units',
      xFormat: 'share',
      yLabel: 'Share of firing',
      definition:
        'Share of a layer’s firing (entries that are not exactly 0) that the units have which fire most, units in whole numbers. ' +
        'The straight diagonal would be units that fire alike; the steeper the beginning, the fewer are hot.',
      format: 'share',
      series: [
        { label: 'alike units', x, y: x, dashed: true },
        ...spreads.map((spread) => ({
          label: spread.label,
          layer: spread.value,
          x,
          y: x.map((share) => (share === 0 ? 0 : firingOfHottest(spread, share))),
        })),
      ],
    },
  ];
}

export function hotTable(spreads: readonly FiringSpread[], facts: RunFacts): ResultTable[] {
  if (spreads.length === 0) return [];
  return [
    {
      id: 'hot-and-cold-units',
      title: 'Hot and cold units, by layer',
      definition:
        `Firing: entries (positions × inputs) that are not exactly 0, ${facts.onInputs} (${count(facts.inputsSeen)} inputs). ` +
        'Hottest: the units that fire most. Cold: units that never fire.',
      columns: [
        { id: 'layer', label: 'Layer', format: 'text' },
        { id: 'units', label: 'Units', format: 'count' },
        ...HOTTEST.map((share) => ({
          id: `hottest-${share}`,
          label: `Firing of hottest ${share * 100} %`,
          format: 'share' as const,
        })),
        { id: 'most', label: `Units for ${MOST_FIRING * 100} % of firing`, format: 'share' },
        { id: 'cold', label: 'Cold units', format: 'count' },
      ],
      rows: spreads.map((spread) => ({
        cells: [
          spread.label,
          spread.units,
          ...HOTTEST.map((share) => firingOfHottest(spread, share)),
          unitsForFiring(spread, MOST_FIRING),
          spread.silent,
        ],
      })),
    },
  ];
}
