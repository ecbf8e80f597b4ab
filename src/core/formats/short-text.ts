/** A name from a file as part of a message: some are megabytes long. The ends tell most. */
export function shortText(text: string, limit = 100): string {
  if (text.length <= limit) return text;
  const half = Math.floor((limit - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(text.length - half)}`;
}
