/**
 * What the dictionary read of the first inputs, as many as fit: pages of features then need no more runs of the network.
 * The room does not grow with the inputs.
 */
const MOST_BYTES = 128 * 2 ** 20;

export interface KeptRows {
  /** Rows that follow those added before, of one input after the other. */
  add(input: number, rows: Float32Array): void;
  /** All of an input, row-major [tokens, width]; undefined where it is not kept. */
  of(input: number): Float32Array | undefined;
}

export function keptRows(mostBytes = MOST_BYTES): KeptRows {
  const kept = new Map<number, Float32Array[]>();
  let bytes = 0;
  let last = -1;
  return {
    add(input, rows) {
      if (bytes === Infinity) return;
      if (bytes + rows.byteLength > mostBytes) {
        // Half an input is none.
        if (input === last) kept.delete(input);
        bytes = Infinity;
        return;
      }
      bytes += rows.byteLength;
      last = input;
      const before = kept.get(input);
      if (before === undefined) kept.set(input, [rows.slice()]);
      else before.push(rows.slice());
    },
    of(input) {
      const parts = kept.get(input);
      if (parts === undefined || parts.length < 2) return parts?.[0];
      const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      kept.set(input, [whole]);
      return whole;
    },
  };
}
