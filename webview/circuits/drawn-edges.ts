/** Which edges of a circuit are drawn, and how strong each is. */
import type { EdgeMatrix } from '../../src/core/circuits/edge-matrix.js';
import { pairKey, type Grouping } from '../../src/core/circuits/groups.js';

/** More lines than this cannot be told apart, nor drawn within a frame: the strongest are. */
export const MOST_EDGES_DRAWN = 12_000;

/** The strongest first. Ends are what stands there: a node, or the one that stands for its group. */
export interface DrawnEdges {
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float32Array;
  /** How large each is beside the largest that is kept of its target, 0 to 1. */
  readonly shares: Float32Array;
}

/** Shares are told apart this finely where only the strongest edges are drawn. */
const SHARE_BINS = 1024;

/**
 * The strongest kept edges by their share of their target, without making an object of each: a slider asks at every step. An
 * edge of a group is there where any of its parts is kept, with the sum of all of them.
 * @param count edges that are kept.
 */
export function drawnEdges(
  { size, starts, sources, weights }: EdgeMatrix,
  kept: Uint8Array,
  count: number,
  { standsFor, grouped, sums }: Grouping,
  most = MOST_EDGES_DRAWN,
): DrawnEdges {
  const all = { sources: new Uint32Array(count), targets: new Uint32Array(count), weights: new Float32Array(count) };
  const largest = new Float32Array(size);
  const seen = new Set<number>();
  let filled = 0;
  const add = (source: number, target: number, weight: number): void => {
    all.sources[filled] = source;
    all.targets[filled] = target;
    all.weights[filled++] = weight;
    if (Math.abs(weight) > (largest[target] as number)) largest[target] = Math.abs(weight);
  };
  for (let target = 0; target < size; target++) {
    const end = starts[target + 1] as number;
    for (let edge = starts[target] as number; edge < end; edge++) {
      if (kept[edge] === 0) continue;
      const source = sources[edge] as number;
      if (grouped[source] === 0 && grouped[target] === 0) {
        add(source, target, weights[edge] as number);
        continue;
      }
      const [from, to] = [standsFor[source] as number, standsFor[target] as number];
      const key = pairKey(from, to, size);
      if (from === to || seen.has(key)) continue;
      seen.add(key);
      add(from, to, sums.get(key) ?? 0);
    }
  }
  const shareOf = (at: number): number => {
    const beside = largest[all.targets[at] as number] as number;
    return beside === 0 ? 0 : Math.abs(all.weights[at] as number) / beside;
  };
  return strongest(all, filled, shareOf, most);
}

/** By counting how many edges have about each share: sorting a million of them would take longer than a frame. */
function strongest(
  all: Omit<DrawnEdges, 'shares'>,
  filled: number,
  shareOf: (at: number) => number,
  most: number,
): DrawnEdges {
  const binOf = (share: number): number => Math.min(SHARE_BINS - 1, Math.floor(share * SHARE_BINS));
  const bins = new Uint32Array(SHARE_BINS);
  for (let at = 0; at < filled; at++) {
    const bin = binOf(shareOf(at));
    bins[bin] = (bins[bin] as number) + 1;
  }
  // Where the edges of each bin begin, the strongest first.
  let begin = 0;
  for (let bin = SHARE_BINS - 1; bin >= 0; bin--) {
    const inside = bins[bin] as number;
    bins[bin] = begin;
    begin += inside;
  }
  const length = Math.min(filled, most);
  const drawn = {
    sources: new Uint32Array(length),
    targets: new Uint32Array(length),
    weights: new Float32Array(length),
    shares: new Float32Array(length),
  };
  for (let at = 0; at < filled; at++) {
    const share = shareOf(at);
    const bin = binOf(share);
    const place = bins[bin] as number;
    bins[bin] = place + 1;
    if (place >= length) continue;
    drawn.sources[place] = all.sources[at] as number;
    drawn.targets[place] = all.targets[at] as number;
    drawn.weights[place] = all.weights[at] as number;
    drawn.shares[place] = share;
  }
  return drawn;
}
