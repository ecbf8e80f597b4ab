/** The graph as a file of its own: what the stylesheet says is written into each element. */
import { pngBytes, textBytes } from '../state/exports.js';
import { theme } from '../theme/theme.js';

const KEPT_PROPERTIES = [
  'fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-family', 'font-size', 'font-weight', 'text-anchor', 'display',
] as const; // prettier-ignore
const MARGIN = 24;
const FOOT_PX = 11;
const PNG_SCALE = 2;
/** Browsers refuse larger canvases. */
const LARGEST_SIDE_PX = 16_000;

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** The whole graph, not only what is in sight. */
/** @param foot what its colours mean and rest on, one line below it */
export function graphSvg(svg: SVGSVGElement, { width, height }: PictureSize, foot: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copyStyles(svg, copy);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('viewBox', `${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}`);
  copy.setAttribute('width', String(width + 2 * MARGIN));
  copy.setAttribute('height', String(height + 2 * MARGIN));
  copy.querySelector(':scope > g')?.removeAttribute('transform');
  const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ x: -MARGIN, y: -MARGIN, width: '100%', height: '100%' })) {
    paper.setAttribute(name, String(value));
  }
  paper.setAttribute('fill', theme.peek().background);
  copy.prepend(paper);
  const { muted, fontFamily } = theme.peek();
  const note = document.createElementNS('http://www.w3.org/2000/svg', 'text');
  const place = {
    x: 0,
    y: height + MARGIN - FOOT_PX / 2,
    fill: muted,
    'font-family': fontFamily,
    'font-size': FOOT_PX,
  };
  for (const [name, value] of Object.entries(place)) note.setAttribute(name, String(value));
  note.textContent = foot;
  copy.append(note);
  return new XMLSerializer().serializeToString(copy);
}

export function graphSvgBytes(svg: SVGSVGElement, size: PictureSize, foot: string): Uint8Array {
  return textBytes(graphSvg(svg, size, foot));
}

/** @throws Error when the browser cannot draw the picture */
export async function graphPngBytes(svg: SVGSVGElement, size: PictureSize, foot: string): Promise<Uint8Array> {
  const url = URL.createObjectURL(new Blob([graphSvg(svg, size, foot)], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const [width, height] = [size.width + 2 * MARGIN, size.height + 2 * MARGIN];
    const scale = Math.min(PNG_SCALE, LARGEST_SIDE_PX / Math.max(width, height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await pngBytes(canvas);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function copyStyles(from: Element, to: Element): void {
  const styles = getComputedStyle(from);
  for (const property of KEPT_PROPERTIES) to.setAttribute(property, styles.getPropertyValue(property));
  to.removeAttribute('class');
  for (let index = 0; index < from.children.length; index++) {
    const [child, copy] = [from.children[index], to.children[index]];
    if (child !== undefined && copy !== undefined) copyStyles(child, copy);
  }
}
