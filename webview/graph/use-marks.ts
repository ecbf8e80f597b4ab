import { useLayoutEffect } from 'preact/hooks';
import type { GraphPicture } from '../../src/protocol/model.js';
import type { Marks } from './marks.js';

/** Marks the drawn items as attributes, without drawing them again: marks change at every key of a search. */
export function useMarks(
  svg: { readonly current: SVGSVGElement | null },
  picture: GraphPicture,
  marks: Marks | undefined,
): void {
  useLayoutEffect(() => {
    const element = svg.current;
    if (element === null) return;
    element.toggleAttribute('data-marked', marks !== undefined);
    for (const item of element.querySelectorAll('[data-id]')) {
      const mark = marks?.items.get(item.getAttribute('data-id') ?? '');
      if (mark === undefined) item.removeAttribute('data-mark');
      else item.setAttribute('data-mark', mark);
    }
  }, [picture, marks]);
}
