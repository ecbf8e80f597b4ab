import { describe, expect, it } from 'vitest';
import { splitName, weightTree } from '../../../src/core/weights/weight-tree.js';

describe('the modules that names of tensors spell out', () => {
  it('hold tensors in the order of the file, and add up their sizes', () => {
    const names = ['embed.weight', 'layers.0.q.weight', 'layers.0.q.bias', 'layers.1.q.weight', 'scale'];
    const tree = weightTree(names, (tensor) => 10 ** tensor);
    expect(tree).toMatchObject({ id: '', tensors: [4], size: 11111 });
    expect(tree.modules.map(({ label, size }) => [label, size])).toEqual([
      ['embed', 1],
      ['layers', 1110],
    ]);
    // Modules that hold nothing but one other module are one with it.
    expect(tree.modules[1]?.modules.map(({ id, label, tensors }) => [id, label, tensors])).toEqual([
      ['layers/0/q', '0.q', [1, 2]],
      ['layers/1/q', '1.q', [3]],
    ]);
  });

  it.each([
    ['weight', [], 'weight'],
    ['a.b', ['a'], 'b'],
    ['a/b/c:0', ['a', 'b'], 'c:0'],
    ['..', [], '..'],
    ['', [], ''],
  ])('%s', (name, path, own) => expect(splitName(name)).toEqual({ path, own }));

  it('never nest without end, whatever a file says', () => {
    const { path, own } = splitName(Array.from({ length: 10_000 }, () => 'a').join('.'));
    expect(path.length).toBe(40);
    expect(own.split('.')).toHaveLength(9960);
  });

  it('take ten times as long for ten times as many tensors, not a hundred times', () => {
    const grow = (count: number): number => {
      const names = Array.from({ length: count }, (_, i) => `layers.${i % 1000}.experts.${Math.floor(i / 1000)}.w`);
      const begun = performance.now();
      expect(weightTree(names, () => 1).size).toBe(count);
      return performance.now() - begun;
    };
    grow(10_000);
    expect(grow(100_000) / grow(10_000)).toBeLessThan(50);
  });
});
