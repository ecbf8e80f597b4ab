import { useLayoutEffect } from 'preact/hooks';
import type { Marks } from './marks.js';

/**
 * Marks the drawn items as attributes, without drawing them again: marks change at every key of a search.
 * @param drawn another object whenever other items are drawn.
 */
export function useMarks(
  svg: { readonly current: SVGSVGElement | null },
  drawn: object,
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
  }, [drawn, marks]);
}
