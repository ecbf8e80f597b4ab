/** Neighbouring rows or columns: from the first, to behind the last. */
export type Span = readonly [start: number, end: number];

/** What there is of a span, in whole numbers; empty where it lies outside. */
export function clipSpan([from, to]: Span, length: number): Span {
  const start = Math.min(Math.max(0, Math.floor(from)), length);
  return [start, Math.max(start, Math.min(Math.ceil(to), length))];
}
