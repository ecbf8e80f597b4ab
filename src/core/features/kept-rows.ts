/**
 * What the dictionary read of the first inputs, as many as fit: pages of features then need no more runs of the network.
 * The room does not grow with the inputs.
 */
const MOST_BYTES = 128 * 2 ** 20;

export interface KeptRows {
  /** Rows that follow those added before, of one input after the other. */
  add(input: number, rows: Float32Array, floors?: Float32Array): void;
  /** All of an input; undefined where it is not kept. */
  of(input: number): KeptInput | undefined;
}

export interface KeptInput {
  /** Row-major [tokens, width]. */
  readonly rows: Float32Array;
  /** See dictionary/competition.ts: [tokens, groups], where features compete. */
  readonly floors?: Float32Array;
}

export function keptRows(mostBytes = MOST_BYTES): KeptRows {
  const kept = new Map<number, KeptInput[]>();
  let bytes = 0;
  let last = -1;
  return {
    add(input, rows, floors) {
      if (bytes === Infinity) return;
      const own = rows.byteLength + (floors?.byteLength ?? 0);
      if (bytes + own > mostBytes) {
        // Half an input is none.
        if (input === last) kept.delete(input);
        bytes = Infinity;
        return;
      }
      bytes += own;
      last = input;
      const before = kept.get(input);
      const part = { rows: rows.slice(), ...(floors === undefined ? {} : { floors }) };
      if (before === undefined) kept.set(input, [part]);
      else before.push(part);
    },
    of(input) {
      const parts = kept.get(input);
      if (parts === undefined || parts.length < 2) return parts?.[0];
      const rows = joined(parts.map((part) => part.rows));
      const floors = parts.flatMap((part) => part.floors ?? []);
      const whole = { rows, ...(floors.length === 0 ? {} : { floors: joined(floors) }) };
      kept.set(input, [whole]);
      return whole;
    },
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
