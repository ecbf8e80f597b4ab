import { describe, expect, test } from 'vitest';
import { createGraph } from '../../../src/core/graph/graph.js';
import {
  hasChannelsLast,
  inward,
  layoutOf,
  outward,
  placeInValue,
  positionOf,
  positionsOf,
  unitValue,
} from '../../../src/core/linear/layout.js';
import { modelProto, node, valueInfo } from '../graph-builder.js';

const laid = (dims: readonly number[], batch = 1, channelsLast = false) => layoutOf({ dims, batch, channelsLast });

test.each([
  [[1, 3, 4, 5], { kind: 'image', channels: 3, height: 4, width: 5 }],
  [[1, 7, 64], { kind: 'sequence', positions: 7, width: 64 }],
  [[7, 1, 64], { kind: 'sequence', positions: 7, width: 64 }],
  [[1, 10], { kind: 'vector', size: 10 }],
  [[10], { kind: 'vector', size: 10 }],
  [[], { kind: 'vector', size: 1 }],
  // Features that only lie like a picture.
  [[1, 1, 1, 5], { kind: 'vector', size: 5 }],
  [[1, 64, 1, 1], { kind: 'vector', size: 64 }],
  [[2, 3, 4, 5], { kind: 'vector', size: 120 }],
  [[1, 2, 3, 4, 5], { kind: 'vector', size: 120 }],
])('a value of %j lies as %o', (dims, layout) => {
  expect(laid(dims).layout).toEqual(layout);
});

test('of a batch that the graph fixes, the first element is shown, and the others are 0', () => {
  const value = laid([2, 3], 2);
  expect([value.layout, value.size, value.total]).toEqual([{ kind: 'vector', size: 3 }, 3, 6]);
  expect([...outward(value, Float32Array.of(1, 2, 3, 4, 5, 6))]).toEqual([1, 2, 3]);
  expect([...inward(value, Float32Array.of(7, 8, 9))]).toEqual([7, 8, 9, 0, 0, 0]);
  expect([...unitValue(value, 2)]).toEqual([0, 0, 1, 0, 0, 0]);
});

test('a picture with its channels last is turned on the way out, and back on the way in', () => {
  const value = laid([1, 2, 3, 2], 1, true);
  expect(value.layout).toEqual({ kind: 'image', channels: 2, height: 2, width: 3 });
  const pixels = Float32Array.of(0, 100, 1, 101, 2, 102, 3, 103, 4, 104, 5, 105);
  const shown = outward(value, pixels);
  expect([...shown]).toEqual([0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105]);
  expect(inward(value, shown)).toEqual(pixels);
  shown.forEach((each, index) => {
    expect(pixels[placeInValue(value, index)]).toBe(each);
    expect(unitValue(value, index).indexOf(1)).toBe(placeInValue(value, index));
  });
});

test('what is handed out is a copy of exactly its size', () => {
  const numbers = Float32Array.of(1, 2, 3, 4, 5, 6);
  const second = outward(laid([1, 3]), numbers, 3);
  second[0] = 9;
  expect([[...second], numbers[3], second.buffer.byteLength]).toEqual([[9, 5, 6], 4, 12]);
});

test.each([
  [[1, 2, 2, 3], 12, 7, 6, 1],
  [[1, 4, 5], 20, 7, 4, 1],
  [[1, 6], 6, 4, 6, 4],
])('channels and features of %j share a position', (dims, size, index, positions, position) => {
  const { layout } = laid(dims);
  expect(positionsOf(layout)).toBe(positions);
  expect(positionOf(layout, index)).toBe(position);
  const all = new Set(Array.from({ length: size }, (_, each) => positionOf(layout, each)));
  expect(all.size).toBe(positions);
});

describe('where nobody says which axis is the channels’', () => {
  const model = modelProto({
    nodes: [node('Transpose', ['x'], ['t'], { attributes: { perm: [0, 3, 1, 2] } }), node('Conv', ['t', 'w'], ['y'])],
    inputs: [valueInfo('x'), valueInfo('w')],
    outputs: ['y'],
  });
  const graph = createGraph(model);

  test.each([
    ['x', [1, 32, 32, 3], true],
    ['x', [1, 64, 48, 1], true],
    ['x', [1, 3, 32, 32], false],
    ['x', [1, 32, 32, 16], false],
    // An operator of ONNX beside it says that they come first.
    ['t', [1, 32, 32, 3], false],
    ['y', [1, 64, 8, 4], false],
    ['x', [1, 32, 3], false],
  ])('“%s” of %j', (value, dims, isLast) => {
    expect(hasChannelsLast(graph, value, dims)).toBe(isLast);
  });
});
