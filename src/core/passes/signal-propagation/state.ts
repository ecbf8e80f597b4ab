import type { ObservedLayer } from '../../graph/layers.js';
import type { ObservedBatch } from '../../rewrite/observation.js';
import { addSums, createMoments, mergeMoments, variances, type Moments } from '../../summary/moments.js';

/** What is kept of one point of the graph: moments of every channel over inputs and positions. */
export interface ChannelMoments {
  readonly point: ObservedLayer;
  readonly moments: Moments;
  /** Inputs on which some channel was not finite: left out of that channel. */
  nonFiniteInputs: number;
}

export function createChannelMoments(point: ObservedLayer): ChannelMoments {
  return { point, moments: createMoments(point.units), nonFiniteInputs: 0 };
}

export function foldChannelMoments(state: ChannelMoments, batch: ObservedBatch): void {
  const { value, units } = state.point;
  const sum = batch.get(value, 'sum');
  const squares = batch.get(value, 'sum-of-squares');
  for (let row = 0; row < batch.indices.length; row++) {
    let isFinite = true;
    for (let unit = 0; unit < units; unit++) {
      const at = row * units + unit;
      const [total, square] = [sum.data[at] as number, squares.data[at] as number];
      isFinite &&= Number.isFinite(total) && Number.isFinite(square);
      addSums(state.moments, unit, sum.entries, total, square);
    }
    if (!isFinite) state.nonFiniteInputs++;
  }
}

export function mergeChannelMoments(into: ChannelMoments, other: ChannelMoments): void {
  mergeMoments(into.moments, other.moments);
  into.nonFiniteInputs += other.nonFiniteInputs;
}

/** The two numbers of a signal propagation plot at one point (methods F), over channels that were ever finite. */
export interface Propagated {
  /** Mean over channels of the square of the channel's mean. */
  readonly squaredMean: number;
  /** Mean over channels of the channel's population variance. */
  readonly variance: number;
}

/** Average channel squared mean and average channel variance (methods F); NaN where nothing was finite. */
export function propagated({ count, mean, ...rest }: Moments): Propagated {
  const variance = variances({ count, mean, ...rest });
  let channels = 0;
  let squaredMean = 0;
  let total = 0;
  for (let channel = 0; channel < count.length; channel++) {
    if (count[channel] === 0) continue;
    channels++;
    squaredMean += (mean[channel] as number) ** 2;
    total += variance[channel] as number;
  }
  return { squaredMean: squaredMean / channels, variance: total / channels };
}
