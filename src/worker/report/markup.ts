/** HTML and SVG as text, with everything that comes from a file escaped: a name can never become markup. */
import { escapeMarkup } from '../../core/markup.js';

/** Text that is already markup. Only {@link html} makes it. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | readonly Part[] | undefined;

/** Tagged template: strings and numbers are escaped, Markup is kept, lists are joined, undefined is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: strings.reduce((text, string, index) => text + render(parts[index - 1]) + string) };
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeMarkup(String(part));
  if ('markup' in part) return part.markup;
  return part.map(render).join('');
}
