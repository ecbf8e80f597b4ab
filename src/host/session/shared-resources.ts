/**
 * Values shared by key: made on first use, kept while anybody holds them and for a grace period after, so that moving a
 * tab to another group (close, then open) does not read the model again.
 */
export interface Lease<Value> {
  readonly value: Value;
  /** Gives the value back; further calls do nothing. */
  release(): void;
}

export interface SharedResources<Value> {
  acquire(key: string): Lease<Value>;
  /** Every value alive now, held or in its grace period. */
  values(): readonly Value[];
  /** Ends all values at once. */
  dispose(): Promise<void>;
}

interface Entry<Value> {
  readonly value: Value;
  holders: number;
  timer?: ReturnType<typeof setTimeout>;
}

export function sharedResources<Value>(
  create: (key: string) => Value,
  end: (value: Value) => Promise<void>,
  graceMilliseconds: number,
): SharedResources<Value> {
  const entries = new Map<string, Entry<Value>>();
  return {
    acquire(key) {
      const entry = entries.get(key) ?? { value: create(key), holders: 0 };
      entries.set(key, entry);
      clearTimeout(entry.timer);
      entry.holders++;
      let held = true;
      return {
        value: entry.value,
        release() {
          if (!held) return;
          held = false;
          if (--entry.holders > 0) return;
          entry.timer = setTimeout(() => {
            entries.delete(key);
            void end(entry.value);
          }, graceMilliseconds);
        },
      };
    },
    values: () => [...entries.values()].map((entry) => entry.value),
    async dispose() {
      const ending = [...entries.values()];
      entries.clear();
      for (const entry of ending) clearTimeout(entry.timer);
      await Promise.all(ending.map((entry) => end(entry.value)));
    },
  };
}
