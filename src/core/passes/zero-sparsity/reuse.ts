/**
 * What would be missed if the neurons of the last w tokens alone were used for the next g: methods C1, the reuse-policy
 * what-if. Every g tokens the active set is taken anew, from what the last w tokens really used.
 */
import type { ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../../summary/counts.js';

/** Tokens whose active sets are put together. */
export const LOOK_BACK = [1, 4, 16] as const;
/** Tokens for which the set is used. */
export const AHEAD = [1, 2, 4, 8, 16, 32] as const;

const LONGEST_LOOK = 16;

export interface ReuseMass {
  /** Row-major [look back, ahead]: Σ |h| that lies outside the frozen set, and Σ |h| of the same tokens. */
  readonly missed: Counts;
  readonly all: Counts;
}

export function createReuseMass(): ReuseMass {
  return { missed: createCounts(LOOK_BACK.length * AHEAD.length), all: createCounts(LOOK_BACK.length * AHEAD.length) };
}

export function mergeReuseMass(into: ReuseMass, other: ReuseMass): void {
  mergeCounts(into.missed, other.missed);
  mergeCounts(into.all, other.all);
}

/**
 * Tokens count from the 16th on, so that every policy is measured on the same ones: the set is taken before token
 * 16, 16 + g, 16 + 2 g, … (counted from 0).
 */
export function foldReuse(state: ReuseMass, layer: string, units: number, batch: ObservedBatch): void {
  const { data, layout } = batch.get(layer, 'values');
  if (layout === undefined) return;
  const { exampleStride, unitOffsets, positionOffsets } = layout;
  for (let row = 0; row < batch.indices.length; row++) {
    /** Last token at which each unit was not 0. */
    const last = new Int32Array(units).fill(-LONGEST_LOOK - 1);
    /** The same as it was when the set of each g was taken, and when that was. */
    const taken = AHEAD.map(() => ({ last: last.slice(), at: 0 }));
    positionOffsets.forEach((offset, token) => {
      const counts = token >= LONGEST_LOOK;
      if (counts) {
        AHEAD.forEach((ahead, index) => {
          const set = taken[index];
          if (set === undefined || (token - LONGEST_LOOK) % ahead !== 0) return;
          set.last.set(last);
          set.at = token;
        });
      }
      const first = row * exampleStride + offset;
      let mass = 0;
      const missed = new Float64Array(LOOK_BACK.length * AHEAD.length);
      for (let unit = 0; unit < units; unit++) {
        const magnitude = Math.abs(data[first + (unitOffsets[unit] as number)] as number);
        if (magnitude === 0 || !Number.isFinite(magnitude)) continue;
        if (counts) {
          mass += magnitude;
          for (let ahead = 0; ahead < AHEAD.length; ahead++) {
            const set = taken[ahead] as (typeof taken)[number];
            const age = set.at - (set.last[unit] as number);
            for (let look = 0; look < LOOK_BACK.length; look++) {
              if (age > (LOOK_BACK[look] as number)) {
                const at = look * AHEAD.length + ahead;
                missed[at] = (missed[at] as number) + magnitude;
              }
            }
          }
        }
        last[unit] = token;
      }
      if (!counts) return;
      for (let at = 0; at < missed.length; at++) {
        state.missed[at] = (state.missed[at] as number) + (missed[at] as number);
        state.all[at] = (state.all[at] as number) + mass;
      }
    });
  }
}

/** Share of activation mass missed, by tokens ahead; undefined where no text was long enough. */
export function missedShares({ missed, all }: ReuseMass, look: number): Float32Array | undefined {
  const first = look * AHEAD.length;
  if (all[first] === 0) return undefined;
  return Float32Array.from(AHEAD, (_, ahead) => (missed[first + ahead] as number) / (all[first + ahead] as number));
}
