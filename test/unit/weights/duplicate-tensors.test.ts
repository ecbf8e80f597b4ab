/** Tensors that hold the same are found, and no tensor is read further than that takes. */
import { describe, expect, it } from 'vitest';
import { problem } from '../../../src/core/errors.js';
import type { WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { duplicateTensors } from '../../../src/core/weights/duplicate-tensors.js';
import { inMemory } from './in-memory.js';

const filled = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, at) => Math.sin(at * 12.9898 + seed));

/** Counts the values that are read. */
function counted(tensor: WeightTensor): { readonly tensor: WeightTensor; readonly read: () => number } {
  let read = 0;
  const { values } = tensor;
  if (values === undefined) throw new Error('In memory, there are values.');
  const watched: WeightTensor['values'] = {
    type: values.type,
    read(start, count) {
      read += count;
      return values.read(start, count);
    },
  };
  return { tensor: { ...tensor, values: watched }, read: () => read };
}

describe('duplicate tensors', () => {
  it('have equal dimensions, type and bits', async () => {
    const [a, b] = [filled(12, 1), filled(12, 2)];
    const found = await duplicateTensors([
      inMemory('float32', [3, 4], a),
      inMemory('float32', [3, 4], b),
      inMemory('float32', [4, 3], a),
      inMemory('float32', [3, 4], a.slice()),
      inMemory('float32', [3, 4], b.slice()),
      inMemory('float64', [3, 4], Float64Array.from(a)),
      inMemory('float32', [3, 4], a.slice()),
      inMemory('float32', [2], Float32Array.of(0, 1)),
      inMemory('float32', [2], Float32Array.of(-0, 1)),
      inMemory('float32', [0], new Float32Array(0)),
      inMemory('float32', [0], new Float32Array(0)),
    ]);
    expect(found).toEqual({ groups: [[0, 3, 6], [1, 4]], unread: [] }); // prettier-ignore
  });

  it('may differ in one value at the very end', async () => {
    const long = filled(600_000, 3);
    const other = long.slice();
    other[599_999] = 7;
    const tensors = [long, other, long.slice()].map((data) => inMemory('float32', [600, 1000], data));
    expect((await duplicateTensors(tensors)).groups).toEqual([[0, 2]]);
  });

  it('are looked for among tensors of one size only, and no further than to the first piece that differs', async () => {
    const watched = [
      counted(inMemory('float32', [600_000], filled(600_000, 1))),
      counted(inMemory('float32', [600_000], filled(600_000, 2))),
      counted(inMemory('float32', [600_001], filled(600_001, 1))),
    ];
    expect((await duplicateTensors(watched.map(({ tensor }) => tensor))).groups).toEqual([]);
    const [one = 0, other = 0, alone = 0] = watched.map(({ read }) => read());
    expect(alone).toBe(0);
    expect(one).toBeGreaterThan(0);
    expect(Math.max(one, other)).toBeLessThan(20_000);
  });

  it('leave out what has no numbers and name what cannot be read', async () => {
    const broken: WeightTensor = {
      ...inMemory('float32', [4], filled(4, 1)),
      values: { type: 'float32', read: () => Promise.reject(problem('truncated-file', 'The file ends early.')) },
    };
    const texts: WeightTensor = {
      name: 'labels',
      dims: [4],
      dtype: 'string',
      bytes: 16,
      unreadable: 'It holds texts.',
    };
    const sound = inMemory('float32', [4], filled(4, 1));
    expect(await duplicateTensors([texts, sound, broken, texts, sound])).toEqual({ groups: [[1, 4]], unread: [2] });
    const defect: WeightTensor = {
      ...sound,
      values: { type: 'float32', read: () => Promise.reject(new Error('ours')) },
    };
    await expect(duplicateTensors([sound, defect])).rejects.toThrow('ours');
  });

  it('report progress that never falls and ends at 1, and stop when cancelled', async () => {
    const tensors = [1, 1, 2, 2, 2].map((seed) => inMemory('float32', [5000], filled(5000, seed)));
    const shares: number[] = [];
    const found = await duplicateTensors(tensors, { onProgress: (share) => shares.push(share) });
    expect(found.groups).toEqual([[0, 1], [2, 3, 4]]); // prettier-ignore
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    const controller = new AbortController();
    controller.abort();
    await expect(duplicateTensors(tensors, { signal: controller.signal })).rejects.toThrow('Cancelled');
  });
});
