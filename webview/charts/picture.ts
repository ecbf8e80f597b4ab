/** Pictures that leave the page: with their title, on the theme's background. */
import { pngBytes } from '../state/exports.js';
import { theme } from '../theme/theme.js';

const TITLE_PX = 34;
const FOOT_PX = 26;

const MARGIN_PX = 10;

/** A canvas with a title above and a line of explanation below, wide enough for both. */
export function framedPng(source: HTMLCanvasElement, title: string, foot: string): Promise<Uint8Array> {
  const ratio = window.devicePixelRatio;
  const { background, foreground, muted, fontFamily } = theme.peek();
  const titleFont = `600 13px ${fontFamily}`;
  const footFont = `11px ${fontFamily}`;
  const framed = document.createElement('canvas');
  const texts = Math.max(textWidth(framed, titleFont, title), textWidth(framed, footFont, foot)) + 2 * MARGIN_PX;
  framed.width = Math.max(source.width, Math.ceil(texts * ratio));
  framed.height = source.height + (TITLE_PX + FOOT_PX) * ratio;
  const context = framed.getContext('2d');
  if (context !== null) {
    context.fillStyle = background;
    context.fillRect(0, 0, framed.width, framed.height);
    context.drawImage(source, 0, TITLE_PX * ratio);
    context.scale(ratio, ratio);
    context.textBaseline = 'middle';
    context.fillStyle = foreground;
    context.font = titleFont;
    context.fillText(title, MARGIN_PX, TITLE_PX / 2);
    context.fillStyle = muted;
    context.font = footFont;
    context.fillText(foot, MARGIN_PX, framed.height / ratio - FOOT_PX / 2);
  }
  return pngBytes(framed);
}

function textWidth(canvas: HTMLCanvasElement, font: string, text: string): number {
  const context = canvas.getContext('2d');
  if (context === null) return 0;
  context.font = font;
  return context.measureText(text).width;
}
