import { describe, expect, it } from 'vitest';
import type { GraphItem, GraphPicture } from '../../../src/protocol/model.js';
import { inSight, isLarge, serves, sightOf } from '../../../webview/graph/in-sight.js';

const WINDOW = { width: 800, height: 600 };

/** Boxes one below the other in one open module, with a line from each to the next. */
function column(count: number): GraphPicture {
  const box = (index: number): GraphItem => ({
    id: `#${index}`, kind: 'node', label: '', caption: '', parameters: 0, layers: [], expanded: false, parent: 'm',
    box: [20, 40 + 70 * index, 100, 38],
  }); // prettier-ignore
  const height = 70 * count + 60;
  const module: GraphItem = { ...box(0), id: 'm', kind: 'module', expanded: true, box: [0, 0, 140, height] };
  return {
    items: [module, ...Array.from({ length: count }, (_, index) => box(index))],
    edges: Array.from({ length: count - 1 }, (_, index) => ({
      from: `#${index}`, to: `#${index + 1}`, label: '',
      points: [70, 78 + 70 * index, 70, 110 + 70 * index],
    })), // prettier-ignore
    width: 140,
    height,
    expanded: ['m'],
  };
}

describe('what is drawn of a large picture', () => {
  const picture = column(10_000);

  it('is what lies in the window and a little around it, and what holds that', () => {
    const view = { scale: 1, x: 0, y: -70 * 5000 };
    const { containers, boxes, edges, specks, threads } = inSight(picture, sightOf(view, WINDOW), undefined);
    expect(containers.map(({ id }) => id)).toEqual(['m']);
    // The window shows boxes 5000 to 5008; a quarter of its height more lies above and below.
    const ids = boxes.map(({ id }) => Number(id.slice(1)));
    expect([ids[0], ids.at(-1)]).toEqual([4997, 5010]);
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => 4997 + index));
    expect(edges.length).toBeGreaterThanOrEqual(ids.length - 1);
    expect([...specks, ...threads]).toEqual([]);
  });

  it('is drawn as dots where it is too small to be read, each box once', () => {
    const view = { scale: 0.02, x: 100, y: 0 };
    const { boxes, edges, specks } = inSight(picture, sightOf(view, WINDOW), '#7');
    expect(boxes.map(({ id }) => id)).toEqual(['#7']);
    expect(edges).toEqual([]);
    // 600 pixels and a quarter more show 750 / 0.02 layout units: no box is there that is not in sight.
    expect(specks.map(({ id }) => id)).not.toContain('#7');
    expect(specks).toHaveLength(Math.floor((37_500 - 40) / 70));
  });

  it('serves small moves, and no others', () => {
    const view = { scale: 1, x: 0, y: -1000 };
    const sight = sightOf(view, WINDOW);
    expect(serves(sight, view, WINDOW)).toBe(true);
    expect(serves(sight, { ...view, y: -1140 }, WINDOW)).toBe(true);
    expect(serves(sight, { ...view, y: -1160 }, WINDOW)).toBe(false);
    expect(serves(sight, { scale: 1.5, x: 0, y: -1600 }, WINDOW)).toBe(false);
    expect(serves(sight, view, { width: 800, height: 1200 })).toBe(false);
  });

  it('is everything where the picture is small or is to be saved', () => {
    expect([isLarge(column(100)), isLarge(picture)]).toEqual([false, true]);
    const whole = inSight(picture, undefined, undefined);
    expect([whole.containers.length, whole.boxes.length, whole.edges.length]).toEqual([1, 10_000, 9999]);
  });
});
