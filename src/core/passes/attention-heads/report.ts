/** What is said of the heads. */
import { itemOf } from '../node-numbers.js';
import type { Finding, Headline } from '../result.js';
import { count, oneInputCaution, percent, sentence } from '../words.js';
import {
  DEFINITIONS,
  headsOf,
  highest,
  labelOf,
  meanOf,
  measuredShares,
  type Examined,
  type PlacedHead,
} from './examined.js';
import { foundKinds, type FoundKind } from './kinds.js';
import type { Unread } from './patterns.js';

/** Heads that a sentence names. */
const NAMED = 4;

/** Why nothing can be said of any head: one or two sentences. */
export function whyNone(unread: readonly Unread[]): string {
  if (unread.length === 0) {
    return 'No attention was recognised in this graph: a softmax over the product of two changing values that is multiplied with a third, or a fused operator.';
  }
  const reasons = [...new Set(unread.map(({ reason }) => reason))];
  const all = unread.length === 1 ? 'The one attention block' : `All ${count(unread.length)} attention blocks`;
  const fused = reasons.some((reason) => reason.includes('fused'));
  return `${all} of this graph cannot be looked into: ${reasons.join('; ')}.${fused ? ' Export the model with attention spelled out (“eager”), without fusing it.' : ''}`;
}

export function answerOf(examined: Examined): string {
  const { blocks, unread, onInputs, inputs, hasTokens } = examined;
  const heads = headsOf(examined);
  const found = foundKinds(examined);
  const word = hasTokens ? 'token' : 'position';
  const parts = found.map(({ kind, heads: own }) => `${count(own.length)} ${kind.does(own.length === 1, word)}`);
  const all = `${count(heads.length)} heads in ${count(blocks.length)} attention ${blocks.length === 1 ? 'block' : 'blocks'}`;
  const [only = `none of ${all} does mostly one thing`] = parts;
  const list = parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}` : only;
  const several = parts.length > 1 ? ' (a head may be counted twice)' : '';
  const what = parts.length === 0 ? only : `of ${all}, ${list}${several}`;
  const strongest = (['previous', 'induction'] as const).flatMap((share) => {
    const head = highest(heads, share);
    const isNamed = found.some(({ kind }) => kind.share === share);
    return head === undefined || isNamed ? [] : [`${share} ${percent(head.scores[share])} (${head.name})`];
  });
  const highestText = strongest.length === 0 ? '' : ` Highest scores: ${strongest.join(', ')}.`;
  const blocked =
    unread.length === 0
      ? ''
      : ` ${count(unread.length)} more attention ${unread.length === 1 ? 'block' : 'blocks'} could not be looked into.`;
  return (
    `${sentence(onInputs)}, ${what}.` + `${highestText}${inductionText(examined)}${blocked}${oneInputCaution(inputs)}`
  );
}

/** What the induction score rests on, or why there is none. */
function inductionText({ blocks, hasTokens }: Examined): string {
  if (!hasTokens) return ' No token ids belong to these positions, so that no head has an induction score.';
  // A block of other positions than the tokens has none.
  const even = blocks.find((block) => block.even.repeated > 0)?.even;
  if (even === undefined) return ' No token occurs twice in an input, so that no head has an induction score.';
  return ` Induction rests on ${count(even.repeated)} of ${count(even.queries)} tokens, those that occurred before in the same input; even attention would score ${percent(even.induction)}.`;
}

export function headFindings(examined: Examined): Finding[] {
  return [...foundKinds(examined).map((found) => findingOf(examined, found)), ...broken(examined)];
}

function findingOf(examined: Examined, { kind, heads: own }: FoundKind): Finding {
  const { graph, hasTokens, onInputs } = examined;
  const all = headsOf(examined);
  const { share } = kind;
  const text = ({ name, scores }: PlacedHead): string => `${name} (${percent(scores[share])})`;
  const named = own.slice(0, NAMED).map(text).join(', ');
  const more = own.length > NAMED ? ` and ${count(own.length - NAMED)} more` : '';
  const does = kind.does(own.length === 1, hasTokens ? 'token' : 'position');
  const rests = all.reduce(
    (most, { scores }) => Math.max(most, share === 'induction' ? scores.repeated : scores.queries),
    0,
  );
  const what = share === 'induction' ? 'tokens that occurred before' : hasTokens ? 'tokens' : 'positions';
  return {
    severity: 'information',
    kind: kind.id,
    weight: own.length / all.length,
    sentence: `${count(own.length)} of ${count(all.length)} heads ${does}: ${named}${more} (${kind.rule}; ${count(rests)} ${what}, ${onInputs}).`,
    ...itemOf(graph, own[0]?.block.pattern.value ?? ''),
    advice: kind.advice,
  };
}

function broken(examined: Examined): Finding[] {
  const bad = headsOf(examined).filter(({ scores }) => scores.leftOut > 0);
  const [worst] = [...bad].sort((a, b) => b.scores.leftOut - a.scores.leftOut);
  if (worst === undefined) return [];
  const { graph, inputs } = examined;
  return [
    {
      severity: 'warning',
      kind: 'non-finite',
      weight: worst.scores.leftOut / inputs,
      sentence: `The patterns of ${count(bad.length)} ${bad.length === 1 ? 'head' : 'heads'} hold NaN or infinity, most often of ${worst.name} (${count(worst.scores.leftOut)} of ${count(inputs)} inputs); these inputs are left out of their scores.`,
      ...itemOf(graph, worst.block.pattern.value),
      advice: '“Non-finite scan” names the node where it starts.',
    },
  ];
}

/** The strongest head for what one head does, the mean over heads for what they share. */
export function headHeadlines(examined: Examined): Headline[] {
  const heads = headsOf(examined);
  return measuredShares(examined).flatMap((share): Headline[] => {
    if (share === 'self') return [];
    const isMean = share === 'first' || share === 'evenness';
    const value = isMean ? meanOf(heads, share) : highest(heads, share)?.scores[share];
    if (value === undefined) return [];
    const label = labelOf(share, examined);
    const even = evenText(examined, share);
    return [
      {
        id: `head-${share}`,
        label: isMean ? `${label}, mean over heads` : `${label}, strongest head`,
        definition: `${DEFINITIONS[share]} Here ${isMean ? 'the mean over all heads' : 'of the head with the highest'}.${even}`,
        format: 'share',
        value,
      },
    ];
  });
}

function evenText({ blocks }: Examined, share: 'previous' | 'induction' | 'first' | 'evenness'): string {
  const even = blocks.map((block) => block.even[share]).find(Number.isFinite);
  return share === 'evenness' || even === undefined ? '' : ` Even attention: ${percent(even)}.`;
}
