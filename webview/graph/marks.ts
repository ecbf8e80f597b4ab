/** What stands out in the graph while everything else steps back: what was searched for, or a path. */
import type { PathAnswer, Places } from '../../src/protocol/graph-questions.js';
import type { GraphEdge, GraphPicture } from '../../src/protocol/model.js';

export interface Marks {
  /** What each marked item of the picture is. */
  readonly items: ReadonlyMap<string, 'found' | 'current' | 'shortest' | 'on-path'>;
  readonly edges: ReadonlySet<GraphEdge>;
}

/** The item of the picture that stands for a place: its own, or the module around it that is not open. */
export function standIn(places: Places, index: number, drawn: ReadonlySet<string>): string | undefined {
  const own = places.items[index];
  if (own !== undefined && drawn.has(own)) return own;
  for (let module = places.within[index] ?? -1; module >= 0; module = places.around[module] ?? -1) {
    const id = places.modules[module];
    if (id !== undefined && drawn.has(id)) return id;
  }
  return undefined;
}

/** @param current position of the place that a person is at; −1 for none. */
export function searchMarks(picture: GraphPicture, places: Places, current: number): Marks {
  const drawn = drawnIds(picture);
  const items = new Map<string, 'found' | 'current'>();
  places.items.forEach((_, index) => {
    const id = standIn(places, index, drawn);
    if (id !== undefined) items.set(id, 'found');
  });
  const here = current < 0 ? undefined : standIn(places, current, drawn);
  if (here !== undefined) items.set(here, 'current');
  return { items, edges: new Set() };
}

/** Every item on any path, those on the shortest apart, and the edges between them. */
export function pathMarks(picture: GraphPicture, answer: PathAnswer, ends: readonly string[]): Marks {
  const drawn = drawnIds(picture);
  const items = new Map<string, 'shortest' | 'on-path' | 'current'>();
  const mark = (places: Places, as: 'shortest' | 'on-path'): void =>
    places.items.forEach((_, index) => {
      const id = standIn(places, index, drawn);
      if (id !== undefined) items.set(id, as);
    });
  if (answer.kind === 'none') {
    mark(answer.related, 'on-path');
    for (const id of ends) if (drawn.has(id)) items.set(id, 'shortest');
    return { items, edges: new Set() };
  }
  mark(answer.onAnyPath, 'on-path');
  mark(answer.shortest, 'shortest');
  // Two neighbours that both lie on paths are neighbours on one.
  return { items, edges: new Set(picture.edges.filter(({ from, to }) => items.has(from) && items.has(to))) };
}

function drawnIds({ items }: GraphPicture): ReadonlySet<string> {
  return new Set(items.map(({ id }) => id));
}
