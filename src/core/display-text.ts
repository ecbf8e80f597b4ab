/**
 * Control characters, and those that reorder, hide or join text (Unicode Bidi_Control, zero-width, byte order mark,
 * line and paragraph separators): they could make a name look like another one.
 */
const UNSAFE_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Half of a surrogate pair on its own: no character, and it breaks encoders. */
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** At most `limit` characters: what is longer is cut in the middle, because the ends of names tell more. */
export function shortText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, Math.ceil((limit - 1) / 2))}…${text.slice(text.length - Math.floor((limit - 1) / 2))}`;
}

/** Text from a file, fit to be shown: shortened, and control and direction characters become “�”. */
export function displayText(text: string, limit = 200): string {
  // Cut first: cleaning a megabyte that nobody sees is wasted work.
  return shortText(text, limit).replace(UNSAFE_CHARACTERS, '\ufffd').replace(LONE_SURROGATES, '\ufffd');
}

/** Texts of tokens within a line: a line break is told by its sign. */
export function onOneLine(text: string): string {
  return text.replaceAll('\n', '⏎');
}
