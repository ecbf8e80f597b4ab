import { describe, expect, it } from 'vitest';
import type { LayerMetric, LayerSummary } from '../../../src/core/passes/result.js';
import type { GraphItem, GraphPicture } from '../../../src/protocol/model.js';
import { colorByMetric, colorByParameters } from '../../../webview/graph/coloring.js';
import { itemOfSelection, neighbour } from '../../../webview/graph/neighbours.js';
import { fitView, reveal, startView, zoomAt } from '../../../webview/graph/viewport.js';

const layer = (value: string, units: number): LayerSummary => ({
  value, label: value, module: [], operator: 'Relu', family: 'rectifier', units, unitWord: 'channels', shape: [units],
}); // prettier-ignore
const item = (id: string, y: number, extra: Partial<GraphItem> = {}): GraphItem => ({
  id, kind: 'node', label: id, caption: '', parameters: 0, layers: [], expanded: false, box: [0, y, 100, 40], ...extra,
}); // prettier-ignore
const metric: LayerMetric = {
  id: 'dead', label: 'Dead share', definition: '', format: 'share', scale: 'sequential', values: { a: 0.5, b: 0 },
}; // prettier-ignore

describe('the colour of a module', () => {
  const layers = new Map([layer('a', 10), layer('b', 30)].map((one) => [one.value, one]));

  it('is the mean over its layers, each weighted by its units', () => {
    const { value, domain } = colorByMetric(metric, layers, true);
    expect(value(item('m', 0, { kind: 'module', layers: ['a', 'b'] }))).toBeCloseTo((0.5 * 10 + 0 * 30) / 40);
    expect(domain).toEqual([0, 0.5]);
  });

  it('is none where nothing was measured', () => {
    const { color, value } = colorByMetric(metric, layers, true);
    expect(color(item('m', 0, { layers: ['unknown'] }))).toBeUndefined();
    expect(value(item('m', 0))).toBeNaN();
    expect(colorByParameters([item('n', 0)], true).color(item('n', 0))).toBeUndefined();
  });
});

describe('moving through the graph', () => {
  const picture: GraphPicture = {
    items: [
      item('module', 0, { kind: 'module', expanded: true, box: [0, 0, 300, 400], layers: ['a'] }),
      item('top', 20),
      item('left', 120, { box: [0, 120, 100, 40], layers: ['a'] }),
      item('right', 120, { box: [150, 120, 100, 40] }),
      item('end', 220),
    ],
    edges: [
      { from: 'top', to: 'right', points: [], label: '' },
      { from: 'right', to: 'end', points: [], label: '' },
    ],
    width: 300,
    height: 400,
    expanded: ['module'],
  };
  const at = (id: string): GraphItem => picture.items.find((candidate) => candidate.id === id) as GraphItem;

  it('follows the edges up and down, not the nearest box', () => {
    expect(neighbour(picture, at('top'), 'down')?.id).toBe('right');
    expect(neighbour(picture, at('end'), 'up')?.id).toBe('right');
  });

  it('goes sideways to the nearest box', () => {
    expect(neighbour(picture, at('right'), 'left')?.id).toBe('left');
  });

  it('finds the innermost box that holds a layer, and prefers the item that was named', () => {
    expect(itemOfSelection(picture, { layer: 'a' })?.id).toBe('left');
    expect(itemOfSelection(picture, { item: 'end', layer: 'a' })?.id).toBe('end');
    expect(itemOfSelection(picture, { item: 'gone', layer: 'a' })?.id).toBe('left');
    expect(itemOfSelection(picture, {})).toBeUndefined();
  });
});

describe('the view of the graph', () => {
  const window = { width: 800, height: 600 };

  it('fits the whole picture', () => {
    const { scale, x, y } = fitView({ width: 4000, height: 1000 }, window);
    expect(x).toBeGreaterThan(0);
    expect(x + 4000 * scale).toBeLessThan(800);
    expect(y + 1000 * scale).toBeLessThan(600);
  });

  it('starts readable and from the top where the whole would be too small', () => {
    const { scale, y } = startView({ width: 300, height: 9000 }, window);
    expect(scale).toBeGreaterThan(0.5);
    expect(y).toBeGreaterThanOrEqual(0);
  });

  it('keeps the point under the pointer when zooming', () => {
    const before = { scale: 0.5, x: 30, y: 40 };
    const after = zoomAt(before, 1.7, 200, 300);
    expect((200 - after.x) / after.scale).toBeCloseTo((200 - before.x) / before.scale);
    expect((300 - after.y) / after.scale).toBeCloseTo((300 - before.y) / before.scale);
  });

  it('moves only when a box is out of sight', () => {
    const view = { scale: 1, x: 0, y: 0 };
    expect(reveal(view, [100, 100, 50, 50], window)).toEqual(view);
    const moved = reveal(view, [100, 2000, 50, 50], window);
    expect(2000 + moved.y + 50).toBeLessThanOrEqual(600);
  });
});
