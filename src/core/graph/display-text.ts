/**
 * Control characters, and those that reorder, hide or join text (Unicode Bidi_Control, zero-width, byte order mark,
 * line and paragraph separators): they could make a name look like another one.
 */
const UNSAFE_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Half of a surrogate pair on its own: no character, and it breaks encoders. */
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Text from a file, fit to be shown: control and direction characters become “�”, and what is longer than `limit`
 * characters is cut in the middle, because the ends of names tell more.
 */
export function displayText(text: string, limit = 200): string {
  // Cut first: cleaning a megabyte that nobody sees is wasted work.
  const short =
    text.length <= limit
      ? text
      : `${text.slice(0, Math.ceil((limit - 1) / 2))}…${text.slice(text.length - Math.floor((limit - 1) / 2))}`;
  return short.replace(UNSAFE_CHARACTERS, '\ufffd').replace(LONE_SURROGATES, '\ufffd');
}
