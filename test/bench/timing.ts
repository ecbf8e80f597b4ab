/** Medians of several ways to do a thing, in milliseconds, taken in turn so that a busy machine disturbs all alike. */
export async function timeInTurn<Name extends string>(
  ways: Readonly<Record<Name, () => unknown>>,
  seconds: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(ways) as Name[];
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (const name of names) await ways[name]();
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 5 || performance.now() < end; round++) {
    for (const name of names) {
      const start = performance.now();
      await ways[name]();
      times.get(name)?.push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<Name, number>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Prints a measured number beside its target. @returns whether the target is met. */
export function report(what: string, measured: number, target: number, unit = '×'): boolean {
  const met = measured <= target;
  const digits = unit === '×' ? 2 : 0;
  process.stdout.write(
    `  ${what.padEnd(58)} ${measured.toFixed(digits).padStart(6)} ${unit}  (target ≤ ${target.toFixed(digits)} ${unit}) ${met ? 'met' : 'MISSED'}\n`,
  );
  return met;
}

export function note(text: string): void {
  process.stdout.write(`  ${text}\n`);
}
