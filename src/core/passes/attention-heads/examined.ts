/** What was found of the heads of a network. */
import type { Graph } from '../../graph/graph.js';
import type { Pattern, Unread } from './patterns.js';
import type { HeadScores } from './totals.js';

export interface ExaminedBlock {
  readonly pattern: Pattern;
  readonly heads: readonly HeadScores[];
  /** What a head would score that looks at all positions alike that it may look at. */
  readonly even: HeadScores;
}

export interface Examined {
  readonly graph: Graph;
  readonly blocks: readonly ExaminedBlock[];
  readonly unread: readonly Unread[];
  readonly inputs: number;
  /** "on 200 texts". */
  readonly onInputs: string;
  /** Whether positions are those of token ids that the network reads. */
  readonly hasTokens: boolean;
}

/** One head and where it is. */
export interface PlacedHead {
  /** "layer 3, head 5", counted from 0. */
  readonly name: string;
  readonly head: number;
  readonly block: ExaminedBlock;
  readonly scores: HeadScores;
}

export function headsOf({ blocks }: Pick<Examined, 'blocks'>): readonly PlacedHead[] {
  return blocks.flatMap((block) =>
    block.heads.map((scores, head) => ({ name: `${block.pattern.label}, head ${head}`, head, block, scores })),
  );
}

/** The scores that are shares, as tables, charts and sentences name them. */
export const SHARES = ['previous', 'induction', 'self', 'first', 'evenness'] as const;
export type Share = (typeof SHARES)[number];

export function labelOf(share: Share, { hasTokens }: Pick<Examined, 'hasTokens'>): string {
  const LABELS: Readonly<Record<Share, string>> = {
    previous: hasTokens ? 'Previous-token score' : 'Previous-position score',
    induction: 'Induction score',
    self: 'Self-attention score',
    first: 'Sink mass',
    evenness: 'Normalised entropy',
  };
  return LABELS[share];
}

/** One exact sentence; p[t, k] is the attention of the query at position t to the key at position k. */
export const DEFINITIONS: Readonly<Record<Share, string>> = {
  previous: 'Attention to the position right before: mean of p[t, t − 1] over all queries t ≥ 1 of all inputs.',
  induction:
    'Attention to what followed last time: mean, over the tokens t that occurred at earlier positions s < t of the same ' +
    'input, of the sum of p[t, s + 1] over all these s.',
  self: 'Attention of a position to itself: mean of p[t, t] over all queries of all inputs.',
  first:
    'Attention to the first position: mean of p[t, 0] over all queries t ≥ 1 of all inputs; a head that parks its ' +
    'attention there is said to use a sink.',
  evenness:
    'Entropy −Σ p ln p of a query over ln(number of positions that it may look at), mean over all queries t ≥ 1 that may ' +
    'look at two or more: 0 looks at one position, 1 at all alike.',
};

/** Scores that have a number. */
export function measuredShares(examined: Examined): readonly Share[] {
  const all = headsOf(examined);
  return SHARES.filter((share) => all.some(({ scores }) => Number.isFinite(scores[share])));
}

export function meanOf(heads: readonly PlacedHead[], share: Share): number {
  const finite = heads.map(({ scores }) => scores[share]).filter(Number.isFinite);
  return finite.reduce((sum, value) => sum + value, 0) / finite.length;
}

/** The head with the highest score; undefined where none has one. */
export function highest(heads: readonly PlacedHead[], share: Share): PlacedHead | undefined {
  return heads
    .filter(({ scores }) => Number.isFinite(scores[share]))
    .reduce<PlacedHead | undefined>(
      (most, each) => (most === undefined || each.scores[share] > most.scores[share] ? each : most),
      undefined,
    );
}
