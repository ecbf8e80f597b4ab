/** Which tokens the positions of a system's ends are told by, where it speaks of more than one input. */
import type { SystemDescription, SystemEnd } from '../../src/protocol/linear.js';

type Ended = Pick<SystemDescription, 'from' | 'to'>;

/** A mean over inputs has no token of its own at a position. */
export function withoutTokens<Description extends Ended>(description: Description): Description {
  return { ...description, from: retold(description.from, undefined), to: retold(description.to, undefined) };
}

/** The tokens of both inputs where they differ: “cat”/“dog”. */
export function withBothTokens<Description extends Ended>(first: Description, second: Ended): Description {
  return { ...first, from: both(first.from, second.from), to: both(first.to, second.to) };
}

function both(first: SystemEnd, second: SystemEnd): SystemEnd {
  const [ours, theirs] = [tokensOf(first), tokensOf(second)];
  if (ours === undefined || ours.length !== theirs?.length) return retold(first, undefined);
  return retold(
    first,
    ours.map((token, at) => (token === theirs[at] ? token : `${token}”/“${theirs[at]}`)),
  );
}

function tokensOf({ layout }: SystemEnd): readonly string[] | undefined {
  return layout.kind === 'sequence' ? layout.tokens : undefined;
}

function retold(end: SystemEnd, tokens: readonly string[] | undefined): SystemEnd {
  if (end.layout.kind !== 'sequence') return end;
  const { kind, positions, width } = end.layout;
  return { ...end, layout: { kind, positions, width, ...(tokens === undefined ? {} : { tokens }) } };
}
