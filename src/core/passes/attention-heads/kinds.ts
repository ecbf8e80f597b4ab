/** Heads that do one thing: which, by which threshold, and how that is said. */
import { percent } from '../words.js';
import { headsOf, type Examined, type PlacedHead, type Share } from './examined.js';

/** Ours: a head does mostly what takes half of its attention. */
const MOSTLY = 0.5;
/** Ours: and at least so many times as much as even attention would give, which is much where inputs are short. */
const TIMES_EVEN = 2;
/** Quarters of the range of entropy: methods J6. */
const COLLAPSED = 0.25;
const DIFFUSE = 0.75;

export interface HeadKind {
  /** Kind of the finding. */
  readonly id: string;
  readonly share: Share;
  /** "look mostly at the token before": follows "3 of 16 heads". */
  readonly does: (one: boolean, word: string) => string;
  /** "previous-token score ≥ 50 % and …". */
  readonly rule: string;
  readonly is: (head: PlacedHead) => boolean;
  readonly advice: string;
}

const verb = (one: boolean, plural: string, singular = `${plural}s`): string => (one ? singular : plural);

function mostly(share: Share): Pick<HeadKind, 'share' | 'is'> & { readonly bar: string } {
  return {
    share,
    bar: `≥ ${percent(MOSTLY)}, and at least ${TIMES_EVEN} times what even attention would give`,
    is: ({ scores, block }) => scores[share] >= MOSTLY && scores[share] >= TIMES_EVEN * block.even[share],
  };
}

function kind(
  id: string,
  { bar, ...rest }: ReturnType<typeof mostly>,
  name: string,
  does: HeadKind['does'],
  advice: string,
): HeadKind {
  return { id, ...rest, rule: `${name} ${bar}`, does, advice };
}

const HEAD_KINDS: readonly HeadKind[] = [
  kind(
    'previous-token-heads',
    mostly('previous'),
    'mean attention to the position before',
    (one, word) => `${verb(one, 'look')} mostly at the previous ${word}`,
    'They hand on what stood before; induction heads of later layers build on them.',
  ),
  kind(
    'induction-heads',
    mostly('induction'),
    'mean attention to the positions behind earlier occurrences',
    (one) => `${verb(one, 'look')} mostly at what followed the same token earlier, as induction heads do`,
    'They continue what was seen before. Much repeats in natural text that attention follows for other reasons: compare with controls, and try inputs of repeated random tokens.',
  ),
  kind(
    'self-attending-heads',
    mostly('self'),
    'mean attention to the own position',
    (one, word) => `${verb(one, 'look')} mostly at ${one ? 'its' : 'their'} own ${word}`,
    'Such a head moves nothing between positions: it acts as a linear layer.',
  ),
  kind(
    'sink-heads',
    mostly('first'),
    'mean attention to the first position',
    (one) => `${verb(one, 'rest')} on the first position, an attention sink`,
    'Attention that has nowhere to go is often parked at the first position; short inputs make it look larger.',
  ),
  {
    id: 'collapsed-heads',
    share: 'evenness',
    does: (one) => `${verb(one, 'look')} at hardly more than one position at a time (collapsed)`,
    rule: `normalised entropy < ${percent(COLLAPSED)}`,
    is: ({ scores }) => scores.evenness < COLLAPSED,
    advice:
      'That is no fault by itself: heads that always look at the previous position or at the first are among them.',
  },
  {
    id: 'diffuse-heads',
    share: 'evenness',
    does: (one) => `${verb(one, 'look')} at nearly everything alike (diffuse)`,
    rule: `normalised entropy > ${percent(DIFFUSE)}`,
    is: ({ scores }) => scores.evenness > DIFFUSE,
    advice: 'They average over the context; an untrained network has only such heads.',
  },
];

export interface FoundKind {
  readonly kind: HeadKind;
  /** Clearest first. */
  readonly heads: readonly PlacedHead[];
}

export function foundKinds(examined: Examined): readonly FoundKind[] {
  const all = headsOf(examined);
  return HEAD_KINDS.flatMap((kind) => {
    const order = kind.id === 'collapsed-heads' ? 1 : -1;
    const heads = all
      .filter((head) => kind.is(head))
      .sort((a, b) => order * (a.scores[kind.share] - b.scores[kind.share]));
    return heads.length === 0 ? [] : [{ kind, heads }];
  });
}

/** "previous, collapsed": the kinds that a head is of, for its row of a table. */
export function kindsOf(head: PlacedHead): string {
  const words: Readonly<Record<string, string>> = {
    'previous-token-heads': 'previous',
    'induction-heads': 'induction',
    'self-attending-heads': 'self',
    'sink-heads': 'sink',
    'collapsed-heads': 'collapsed',
    'diffuse-heads': 'diffuse',
  };
  const own = HEAD_KINDS.filter((kind) => kind.is(head)).map(({ id }) => words[id]);
  return own.length === 0 ? '–' : own.join(', ');
}
