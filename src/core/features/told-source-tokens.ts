/** What is told of the tokens that a feature got its value from: sums, the strongest, and how far away they are. */

/** Row-major [heads, tokens]. */
export interface ByHead {
  readonly heads: number;
  readonly byHead: Float32Array;
}

/** Over all heads, by token. */
export function tokenSums({ heads, byHead }: ByHead): Float64Array {
  const sums = new Float64Array(byHead.length / Math.max(1, heads));
  byHead.forEach((each, at) => (sums[at % sums.length] = (sums[at % sums.length] as number) + each));
  return sums;
}

export interface HeadSum {
  readonly head: number;
  /** Over all tokens. */
  readonly total: number;
  /** The token that it got most from, by size. */
  readonly strongest: number;
}

/** The largest by size first. */
export function headSums({ heads, byHead }: ByHead): readonly HeadSum[] {
  const tokens = byHead.length / Math.max(1, heads);
  return Array.from({ length: heads }, (_, head): HeadSum => {
    const own = byHead.subarray(head * tokens, (head + 1) * tokens);
    return { head, total: own.reduce((sum, each) => sum + each, 0), strongest: largestBySize(own) };
  }).sort((a, b) => Math.abs(b.total) - Math.abs(a.total) || a.head - b.head);
}

/** Of equal ones the first. */
export function largestBySize(values: Float32Array | Float64Array): number {
  let best = 0;
  values.forEach((value, at) => {
    if (Math.abs(value) > Math.abs(values[best] as number)) best = at;
  });
  return best;
}

/** “3 tokens earlier”. */
export function distanceText(source: number, position: number): string {
  const distance = Math.abs(source - position);
  if (distance === 0) return 'the token itself';
  return `${distance} ${distance === 1 ? 'token' : 'tokens'} ${source < position ? 'earlier' : 'later'}`;
}

/** “heads 2 and 3” share values; “head 2” has its own. */
export function headText(head: number, sharing: number): string {
  if (sharing === 1) return `head ${head}`;
  const [first, last] = [head * sharing, (head + 1) * sharing - 1];
  return sharing === 2 ? `heads ${first} and ${last}` : `heads ${first} to ${last}`;
}
