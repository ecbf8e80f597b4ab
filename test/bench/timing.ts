/** What one turn of a way takes: medians over all its turns, in milliseconds. */
export interface Turn {
  readonly wall: number;
  /** Time on all cores together: other programs on the machine lengthen it far less than the wall's. */
  readonly cpu: number;
}

/** Measures several ways to do a thing, taken in turn so that a busy machine disturbs all alike. */
export async function timeInTurn<Name extends string>(
  ways: Readonly<Record<Name, () => unknown>>,
  seconds: number,
): Promise<Record<Name, Turn>> {
  const names = Object.keys(ways) as Name[];
  const turns = new Map<Name, Turn[]>(names.map((name) => [name, []]));
  for (const name of names) await ways[name]();
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 5 || performance.now() < end; round++) {
    for (const name of names) {
      const cpuBefore = process.cpuUsage();
      const start = performance.now();
      await ways[name]();
      const wall = performance.now() - start;
      const { user, system } = process.cpuUsage(cpuBefore);
      turns.get(name)?.push({ wall, cpu: (user + system) / 1000 });
    }
  }
  const medians = (taken: readonly Turn[]): Turn => ({
    wall: median(taken.map(({ wall }) => wall)),
    cpu: median(taken.map(({ cpu }) => cpu)),
  });
  return Object.fromEntries(names.map((name) => [name, medians(turns.get(name) ?? [])])) as Record<Name, Turn>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/**
 * Prints a measured number beside its target.
 * @param aside further numbers that the target does not judge.
 * @returns whether the target is met.
 */
export function report(what: string, measured: number, target: number, unit = '×', aside = ''): boolean {
  const met = measured <= target;
  const digits = unit === '×' ? 2 : 0;
  process.stdout.write(
    `  ${what.padEnd(58)} ${measured.toFixed(digits).padStart(6)} ${unit}  (target ≤ ${target.toFixed(digits)} ${unit}) ${met ? 'met' : 'MISSED'}${aside === '' ? '' : `; ${aside}`}\n`,
  );
  return met;
}

export function note(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

/** Prints how many times as long one way takes as another, judged by the wall's time; CPU time stands beside it. */
export function reportRatio(what: string, measured: Turn, base: Turn, target: number): boolean {
  return report(what, measured.wall / base.wall, target, '×', `CPU time ${(measured.cpu / base.cpu).toFixed(2)} ×`);
}
