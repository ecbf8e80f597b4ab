import type { ObservedLayer } from '../../graph/layers.js';
import { meanFinite, peaks } from '../../summary/extrema.js';
import { firstAlike } from '../../summary/signatures.js';
import type { RunFacts } from '../pass.js';
import { unitsWhere } from '../units.js';
import { dormancyScores, firingRates, type LayerFiring } from './state.js';

/** Fires on under 1 % of its entries: methods D1. */
export const DORMANT_RATE = 0.01;
/** At most this share of the layer's mean magnitude: methods D1 (ReDo's τ). */
export const DORMANT_SCORE = 0.025;
/** More than 99 % of its entries saturated: methods D1. */
export const SATURATED_SHARE = 0.99;
/**
 * Units of functions that are never exactly zero count as silent below this share of what max |h| is on average over their
 * layer's units. Not of the largest: one massive unit would make all others look dead.
 */
export const SILENT_RATIO = 0.01;

/**
 * What a unit did on all inputs.
 * - `dead`: a rectifier unit that was exactly 0 everywhere (p = 0); any other unit whose max |h| stays under
 *   {@link SILENT_RATIO} of the layer's average of that.
 * - `dormant`: a rectifier unit with 0 < p < {@link DORMANT_RATE}.
 * - `always-on`: a rectifier unit that was never 0 (p = 1): linear on this data where the function is a plain ReLU.
 * - `saturated`: a bounded unit at the end of its range on more than {@link SATURATED_SHARE} of its entries.
 */
export type UnitState = 'dead' | 'dormant' | 'active' | 'always-on' | 'saturated';

/** All that is said of the units of one layer. */
export interface LayerVerdicts {
  readonly states: readonly UnitState[];
  /** Units with one value, other than 0, on all inputs. */
  readonly constant: readonly number[];
  /** Units, neither dead nor constant, whose values are those of another unit before them, bit for bit. */
  readonly duplicates: readonly number[];
  /** Units whose dormancy score is at most {@link DORMANT_SCORE}. */
  readonly faint: readonly number[];
  /** Units that every weight behind them multiplies by 0; undefined where something else than weights reads them. */
  readonly useless: readonly number[] | undefined;
  /** Units that are dead by their weights and biases alone; undefined where weights were not read. */
  readonly dead: readonly number[] | undefined;
}

export function verdictsOf(layer: ObservedLayer, firing: LayerFiring, { unitWeights }: RunFacts): LayerVerdicts {
  const states = unitStates(firing, layer);
  const first = firstAlike(firing.signatures);
  const scores = dormancyScores(firing);
  const outgoing = unitWeights?.outgoing.get(layer.value);
  const where = (test: (unit: number) => boolean): number[] => unitsWhere(layer.units, test);
  const { minimum, maximum } = firing.extrema;
  const isConstant = (unit: number): boolean => minimum[unit] === maximum[unit] && minimum[unit] !== 0;
  // One value, or one input, says nothing of what stays the same.
  const several = (firing.inputs[0] as number) > 1;
  return {
    states,
    constant: several ? where(isConstant) : [],
    duplicates: several ? where((unit) => first[unit] !== unit && states[unit] !== 'dead' && !isConstant(unit)) : [],
    faint: where((unit) => (scores[unit] as number) <= DORMANT_SCORE),
    useless: outgoing === undefined ? undefined : where((unit) => outgoing.sums[unit] === 0),
    dead: unitWeights?.dead.get(layer.value),
  };
}

function unitStates(firing: LayerFiring, layer: ObservedLayer): UnitState[] {
  const rates = firingRates(firing);
  const magnitudes = peaks(firing.extrema);
  const typical = meanFinite(magnitudes);
  return Array.from(rates, (rate, unit): UnitState => {
    // NaN and infinity are no zeros, but no sign of life either: they are a finding of their own.
    if (!Number.isFinite(magnitudes[unit])) return 'active';
    if (rate === 0) return 'dead';
    const isRectifier = layer.family === 'rectifier';
    if (!isRectifier && (magnitudes[unit] as number) < SILENT_RATIO * typical) return 'dead';
    if (isRectifier) {
      if (rate < DORMANT_RATE) return 'dormant';
      return rate === 1 ? 'always-on' : 'active';
    }
    const saturated =
      firing.saturated === undefined ? 0 : (firing.saturated[unit] as number) / (firing.entries[unit] as number);
    return saturated > SATURATED_SHARE ? 'saturated' : 'active';
  });
}
