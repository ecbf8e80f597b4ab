/** Cuts text to a width, as SVG does not. */
let context: CanvasRenderingContext2D | null | undefined;

/** The longest beginning of `text` that fits, with "…" where something is cut off. */
export function fitText(text: string, widthPx: number, font: string): string {
  context ??= document.createElement('canvas').getContext('2d');
  if (context === null) return text;
  context.font = font;
  if (context.measureText(text).width <= widthPx) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (context.measureText(`${text.slice(0, middle)}…`).width <= widthPx) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : `${text.slice(0, low)}…`;
}
