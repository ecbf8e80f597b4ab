import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedResources } from '../../../src/host/session/shared-resources.js';

const graceMilliseconds = 1000;

describe('resources that editors share', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function resources() {
    const created: string[] = [];
    const ended: string[] = [];
    const shared = sharedResources<string>(
      (key) => (created.push(key), key),
      async (value) => void ended.push(value),
      graceMilliseconds,
    );
    return { created, ended, shared };
  }

  it('are made once for all who hold them', () => {
    const { created, shared } = resources();
    expect(shared.acquire('a').value).toBe(shared.acquire('a').value);
    expect(created).toEqual(['a']);
  });

  it('survive a tab that closes and opens again', () => {
    const { created, ended, shared } = resources();
    shared.acquire('a').release();
    vi.advanceTimersByTime(graceMilliseconds - 1);
    const again = shared.acquire('a');
    vi.advanceTimersByTime(10 * graceMilliseconds);
    expect(created).toEqual(['a']);
    expect(ended).toEqual([]);
    again.release();
    vi.advanceTimersByTime(graceMilliseconds);
    expect(ended).toEqual(['a']);
  });

  it('are kept while one of several still holds them, however often the other lets go', () => {
    const { ended, shared } = resources();
    const first = shared.acquire('a');
    shared.acquire('a');
    first.release();
    first.release();
    vi.advanceTimersByTime(10 * graceMilliseconds);
    expect(ended).toEqual([]);
  });

  it('all end when the extension does, at once', async () => {
    const { ended, shared } = resources();
    shared.acquire('a');
    shared.acquire('b').release();
    await shared.dispose();
    expect(ended.sort()).toEqual(['a', 'b']);
    vi.advanceTimersByTime(10 * graceMilliseconds);
    expect(ended).toHaveLength(2);
  });
});
