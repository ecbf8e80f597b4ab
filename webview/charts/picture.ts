/** Pictures that leave the page: with their title, on the theme's background. */
import { pngBytes } from '../state/exports.js';
import { theme } from '../theme/theme.js';

const TITLE_PX = 34;
const FOOT_PX = 26;

/** A canvas with a title above and a line of explanation below. */
export function framedPng(source: HTMLCanvasElement, title: string, foot: string): Promise<Uint8Array> {
  const ratio = window.devicePixelRatio;
  const { background, foreground, muted, fontFamily } = theme.peek();
  const framed = document.createElement('canvas');
  framed.width = source.width;
  framed.height = source.height + (TITLE_PX + FOOT_PX) * ratio;
  const context = framed.getContext('2d');
  if (context !== null) {
    context.fillStyle = background;
    context.fillRect(0, 0, framed.width, framed.height);
    context.drawImage(source, 0, TITLE_PX * ratio);
    context.scale(ratio, ratio);
    context.textBaseline = 'middle';
    context.fillStyle = foreground;
    context.font = `600 13px ${fontFamily}`;
    context.fillText(title, 10, TITLE_PX / 2);
    context.fillStyle = muted;
    context.font = `11px ${fontFamily}`;
    context.fillText(foot, 10, framed.height / ratio - FOOT_PX / 2);
  }
  return pngBytes(framed);
}
