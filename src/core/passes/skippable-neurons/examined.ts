/** Everything that was measured, before it is put into words. */
import type { LossMeasure } from '../../experiment/loss-measure.js';
import { lossIncrease, meanLoss } from '../../experiment/loss-totals.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Calibration } from './calibrate.js';
import type { MaskedLayers } from './masked-layers.js';
import type { Search } from './search.js';
import type { Skipped } from './skipping.js';

/** One setting of one metric. */
export interface MeasuredPoint {
  readonly metric: string;
  readonly setting: string;
  readonly skipped: Skipped;
}

export interface Examined {
  readonly subject: ExperimentSubject;
  readonly measure: LossMeasure;
  readonly masked: MaskedLayers;
  readonly calibration: Calibration;
  readonly search: Search;
  /** Other metrics. */
  readonly points: readonly MeasuredPoint[];
  readonly incomplete?: string;
}

/** Loss of a point, for charts and tables. */
export function increaseOf({ measure, calibration }: Examined, { skipped }: MeasuredPoint): number {
  return lossIncrease(measure.kind, skipped.totals, calibration.clean);
}

export function lossOf({ skipped }: MeasuredPoint): number {
  return meanLoss(skipped.totals);
}
