import { setTimeout as pause } from 'node:timers/promises';

export const patienceMs = 30_000;
const pollMs = 50;

/**
 * Asks until there is an answer. A probe that throws (a frame that is just being replaced, say) has none yet; what it
 * threw last is told if time runs out.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  { timeoutMs = patienceMs } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let obstacle: unknown;
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      obstacle = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`Waited ${timeoutMs / 1000} s in vain: ${what}`, obstacle ? { cause: obstacle } : undefined);
    }
    await pause(pollMs);
  }
}
