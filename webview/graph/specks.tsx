/** What is too small to be read, in few elements: all boxes of a colour are one, and all lines are one. */
import { memo } from 'preact/compat';
import type { JSX } from 'preact';
import type { Rgb } from '../../src/core/picture/oklab.js';
import { cssColor } from '../../src/core/picture/colormap.js';
import type { GraphEdge, GraphItem } from '../../src/protocol/model.js';
import type { Coloring } from './coloring.js';

interface SpecksProps {
  readonly items: readonly GraphItem[];
  readonly edges: readonly GraphEdge[];
  readonly coloring: Coloring;
}

/** Steps of each channel that are told apart at this size. */
const COLOR_STEP = 16;

export const Specks = memo(function Specks({ items, edges, coloring }: SpecksProps): JSX.Element | null {
  if (items.length + edges.length === 0) return null;
  const paths = new Map<string, string[]>();
  for (const item of items) {
    const color = coloring.color(item);
    const fill = color === undefined ? '' : cssColor(coarse(color));
    const [left, top, width, height] = item.box;
    const path = paths.get(fill) ?? [];
    paths.set(fill, path);
    path.push(`M${left} ${top}h${width}v${height}h${-width}z`);
  }
  return (
    <g class="graph-specks" aria-hidden="true">
      <path class="graph-threads" d={edges.map(({ points }) => `M${points.join(' ')}`).join('')} />
      {[...paths].map(([fill, path]) => (
        <path key={fill} class="graph-speck" fill={fill === '' ? undefined : fill} d={path.join('')} />
      ))}
    </g>
  );
});

function coarse(color: Rgb): Rgb {
  const [red, green, blue] = color.map((channel) => Math.min(255, Math.round(channel / COLOR_STEP) * COLOR_STEP));
  return [red ?? 0, green ?? 0, blue ?? 0];
}
