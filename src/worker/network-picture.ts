import { displayText } from '../core/display-text.js';
import { problem } from '../core/errors.js';
import type { GraphPicture } from '../core/graph/description.js';
import { scopeOf } from '../core/graph/graph-scopes.js';
import { scopeOfId, type ScopePath } from '../core/graph/item-ids.js';
import { scopePicture } from '../core/graph/picture/scope-picture.js';
import type { Network } from './open-model.js';
import type { ValueTypes } from './value-types.js';

interface PictureQuestion {
  readonly expanded: readonly string[] | undefined;
  /** Of the body that is drawn; "" for the main graph. */
  readonly scope: string;
}

/** @throws ProblemError `not-applicable` when the network has no such body; CancelledError. */
export async function networkPicture(
  { graph, layers }: Network,
  types: ValueTypes,
  { expanded, scope: id }: PictureQuestion,
  signal: AbortSignal | undefined,
): Promise<GraphPicture> {
  const path = pathOfScope(id);
  const scope = scopeOf(graph, path);
  const picture = await scopePicture({ scope, expanded, typeOf: types.typeOf(path), signal });
  if (path.length === 0) return picture;
  // Activations of bodies are measured only where they could be made values of the main graph.
  const measured = new Set(layers.map(({ value }) => value));
  const items = picture.items.map((item) => ({ ...item, layers: item.layers.filter((layer) => measured.has(layer)) }));
  return { ...picture, items };
}

/** @throws ProblemError `not-applicable` for anything that no scope has as its id. */
export function pathOfScope(id: string): ScopePath {
  const path = scopeOfId(id);
  if (path !== undefined) return path;
  throw problem('not-applicable', 'The graph has no such body.', {
    place: displayText(id),
    remedy: 'The file may have changed: reload it.',
  });
}
