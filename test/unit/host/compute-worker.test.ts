import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startComputeWorker, type ComputeWorker } from '../../../src/host/session/compute-worker.js';
import type { WorkerEnd } from '../../../src/host/session/worker-loss.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'model-inspector-worker-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A worker that answers `table`, dies on `graph`, and takes notes on `close`. */
const script = `
import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ type, id, method }) => {
  if (type !== 'call') return;
  if (method === 'table') parentPort.postMessage({ type: 'result', id, value: 'a,b' });
  if (method === 'graph') throw new Error('it broke');
  if (method === 'node') process.exit(3);
  if (method === 'close') parentPort.postMessage({ type: 'result', id, value: undefined });
});
parentPort.postMessage({ type: 'call', id: 1, method: 'runProgress', argument: { unit: 'inputs', done: 3, planned: 9, phase: 'Running' } });
console.log('hello from the thread');
`;

interface Started {
  readonly worker: ComputeWorker;
  readonly ends: WorkerEnd[];
  readonly lines: string[];
  readonly seen: number[];
}

function start(): Started {
  const file = join(folder, 'worker.mjs');
  writeFileSync(file, script);
  const [ends, lines, seen]: [WorkerEnd[], string[], number[]] = [[], [], []];
  const worker = startComputeWorker(file, {
    runProgress: async ({ done }) => void seen.push(done),
    fileResultChanged: async () => undefined,
    log: async ({ text }) => void lines.push(text),
    lost: (end) => ends.push(end),
  });
  return { worker, ends, lines, seen };
}

describe('the compute worker', () => {
  it('answers, tells its progress, and what it prints goes to the log', async () => {
    const { worker, ends, lines, seen } = start();
    expect(await worker.api.table({})).toBe('a,b');
    await expect.poll(() => lines).toContain('hello from the thread');
    expect(seen).toEqual([3]);
    await worker.stop();
    expect(ends).toEqual([]);
  });

  it('that throws is noticed, and the call under way ends', async () => {
    const { worker, ends } = start();
    await expect(worker.api.graph({ expanded: [] })).rejects.toThrow('stopped');
    expect(ends).toMatchObject([{ how: 'error', message: 'it broke' }]);
    await expect(worker.api.table({})).rejects.toThrow('stopped');
  });

  it('that exits is noticed', async () => {
    const { worker, ends } = start();
    await expect(worker.api.node({ id: '#1' })).rejects.toThrow('stopped');
    expect(ends).toEqual([{ how: 'exit', code: 3 }]);
  });

  it('stopped on purpose is no loss, and its calls end', async () => {
    const { worker, ends } = start();
    const never = worker.api.unitMetric({ metric: 'x' });
    const ended = expect(never).rejects.toThrow('closed');
    await worker.stop();
    await ended;
    expect(ends).toEqual([]);
  });
});
