/** Where the picture of a circuit has its outputs, told by their colour. */
import type { Locator } from 'playwright-core';

/** Inside the topmost mark that has the colour of tokens and outputs, in pixels of the page. */
export function topmostMark(canvas: Locator): Promise<{ x: number; y: number } | undefined> {
  return canvas.evaluate((element) => {
    const { width, height, clientWidth } = element as HTMLCanvasElement;
    const { data = [] } = (element as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? {};
    const mark = getComputedStyle(document.querySelector('.circuit-mark-token') as Element).backgroundColor;
    const color = (mark.match(/\d+/g) ?? []).map(Number);
    const scale = clientWidth / width;
    for (let at = 0; at < width * height; at++) {
      if (color.every((each, channel) => Math.abs((data[at * 4 + channel] ?? 0) - each) < 8))
        return { x: (at % width) * scale + 3, y: Math.floor(at / width) * scale + 3 };
    }
    return undefined;
  });
}
