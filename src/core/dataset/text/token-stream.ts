/** `count` windows of `length` ids; see Windows for what the arrays hold. */
export interface CutWindows {
  readonly length: number;
  readonly count: number;
  readonly ids: Int32Array;
  readonly next: Int32Array;
  readonly filled: Int32Array;
}

/** Token ids one after another, each with whether it can be foreseen from those before it. */
export interface TokenStream {
  length(): number;
  /** @param firstIsNew the first of these starts a document that nothing announces. */
  push(ids: readonly number[], foreseeable: boolean, firstIsNew?: boolean): void;
  /** Forgets what lies beyond. */
  cut(length: number): void;
  /** The first windows, padded where the stream ends. */
  windows(count: number, length: number, padding: number): CutWindows;
}

export function tokenStream(): TokenStream {
  let ids = new Int32Array(256);
  let foreseeable = new Uint8Array(256);
  let used = 0;
  const reserve = (length: number): void => {
    if (length <= ids.length) return;
    const size = Math.max(length, 2 * ids.length);
    const [oldIds, oldForeseeable] = [ids, foreseeable];
    ids = new Int32Array(size);
    ids.set(oldIds);
    foreseeable = new Uint8Array(size);
    foreseeable.set(oldForeseeable);
  };
  return {
    length: () => used,
    push(added, canBeForeseen, firstIsNew = false) {
      reserve(used + added.length);
      ids.set(added, used);
      foreseeable.fill(canBeForeseen ? 1 : 0, used, used + added.length);
      if (firstIsNew && added.length > 0) foreseeable[used] = 0;
      used += added.length;
    },
    cut(length) {
      used = Math.min(used, length);
    },
    windows(count, length, padding) {
      const end = Math.min(used, count * length);
      const own = new Int32Array(count * length).fill(padding);
      own.set(ids.subarray(0, end));
      const next = new Int32Array(count * length).fill(-1);
      for (let at = 0; at < end && at + 1 < used; at++) {
        if (foreseeable[at + 1] === 1) next[at] = ids[at + 1] as number;
      }
      const filled = Int32Array.from({ length: count }, (_, window) =>
        Math.max(0, Math.min(length, end - window * length)),
      );
      return { length, count, ids: own, next, filled };
    },
  };
}
