import { describe, expect, it } from 'vitest';
import { estimateRunBytes, workerLossProblem } from '../../../src/host/session/worker-loss.js';

const known = { fileName: 'big.onnx', weightBytes: 650e6, native: false };

describe('a worker that is gone', () => {
  it('of memory: says how much a run takes', () => {
    const problem = workerLossProblem({ how: 'error', code: 'ERR_WORKER_OUT_OF_MEMORY', message: 'limit' }, known);
    expect(problem.kind).toBe('out-of-memory');
    // 650 MB of weights × 3.2 (wasm) + 500 MB
    expect(problem.message).toContain('about 2,580 MB');
  });

  it.each(['std::bad_alloc', 'RangeError: WebAssembly.Memory(): could not grow: out of memory'])(
    'is of memory when it says "%s"',
    (message) => expect(workerLossProblem({ how: 'error', message }, known).kind).toBe('out-of-memory'),
  );

  it('of anything else: says what, and how to go on', () => {
    const problem = workerLossProblem({ how: 'exit', code: 7 }, { fileName: 'a.onnx', native: true });
    expect(problem).toMatchObject({ kind: 'internal', place: 'a.onnx' });
    expect(problem.message).toContain('exit code 7');
    expect(problem.message).not.toContain('MB');
    expect(problem.remedy).toContain('Reload');
  });

  it('needs less with the native engine, which maps the weights', () => {
    expect(estimateRunBytes(1e9, true)).toBeLessThan(estimateRunBytes(1e9, false));
  });
});
