/** The boxes of the graph: nodes, collapsed and expanded modules, inputs and outputs. */
import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import type { GraphItem } from '../../src/protocol/model.js';
import { formatBrief } from '../format/numbers.js';
import { cssColor, textOn } from '../../src/core/picture/colormap.js';
import type { Coloring } from './coloring.js';
import { fitText } from './text.js';

const PADDING = 10;
const CHEVRON = 14;
/** Lower boxes have room for one line only. */
const TWO_LINES_FROM = 34;
const LABEL_FONT = '600 12px sans-serif';
const CAPTION_FONT = '11px sans-serif';

interface ItemsProps {
  readonly items: readonly GraphItem[];
  readonly coloring: Coloring;
  readonly selectedId: string | undefined;
  readonly focusId: string | undefined;
}

export const Items = memo(function Items({ items, coloring, selectedId, focusId }: ItemsProps): JSX.Element {
  return (
    <g>
      {items.map((item) => (
        <Item
          key={item.id}
          item={item}
          coloring={coloring}
          selected={item.id === selectedId}
          focusable={item.id === focusId}
        />
      ))}
    </g>
  );
});

interface ItemProps {
  readonly item: GraphItem;
  readonly coloring: Coloring;
  readonly selected: boolean;
  readonly focusable: boolean;
}

const Item = memo(function Item({ item, coloring, selected, focusable }: ItemProps): JSX.Element {
  const [left, top, width, height] = item.box;
  const isModule = item.kind === 'module';
  const opens = isModule || item.bodies !== undefined;
  const container = isModule && item.expanded;
  const color = container ? undefined : coloring.color(item);
  const ink = color === undefined ? undefined : textOn(color);
  const fill = color === undefined ? undefined : cssColor(color);
  const textLeft = PADDING + (opens ? CHEVRON : 0);
  const room = width - textLeft - PADDING;
  const isEnd = item.kind === 'input' || item.kind === 'output';
  const anchor = isEnd ? 'middle' : undefined;
  const twoLines = !container && height >= TWO_LINES_FROM && item.caption !== '';
  const caption = captionOf(item, coloring);
  const radius = item.kind === 'node' ? 4 : item.kind === 'module' ? 8 : height / 2;
  const baseline = container ? 18 : twoLines ? height / 2 - 3 : height / 2 + 4;
  return (
    <g
      class={`graph-item graph-${item.kind} ${container ? 'container' : ''} ${selected ? 'selected' : ''}`}
      transform={`translate(${left} ${top})`}
      role="button"
      tabindex={focusable ? 0 : -1}
      data-id={item.id}
      aria-label={describe(item, coloring)}
      aria-expanded={isModule ? item.expanded : undefined}
      aria-pressed={selected}
    >
      {isModule && !container && <rect class="graph-stack" x={4} y={4} width={width} height={height} rx={radius} />}
      <rect class="graph-box" width={width} height={height} rx={radius} fill={fill} />
      {opens && (
        <g class="graph-chevron" data-toggle="true">
          <rect class="graph-chevron-target" width={textLeft + 2} height={container ? 26 : height} />
          <path
            d={item.expanded ? 'M0 0l4 4.5l4-4.5' : 'M0 0l4.5 4l-4.5 4'}
            transform={`translate(${PADDING - 1} ${container ? 11 : height / 2 - 4})`}
            stroke={ink}
          />
        </g>
      )}
      <text class="graph-label" x={isEnd ? width / 2 : textLeft} y={baseline} fill={ink} text-anchor={anchor}>
        {fitText(item.label, container ? room * 0.6 : room, LABEL_FONT)}
      </text>
      {twoLines && (
        <text class="graph-caption" x={isEnd ? width / 2 : textLeft} y={baseline + 15} fill={ink} text-anchor={anchor}>
          {fitText(caption, room, CAPTION_FONT)}
        </text>
      )}
      {container && <ContainerValue item={item} coloring={coloring} width={width} />}
    </g>
  );
});

/** An expanded module cannot be filled; its mean stands at the right of its head. */
function ContainerValue({
  item,
  coloring,
  width,
}: {
  item: GraphItem;
  coloring: Coloring;
  width: number;
}): JSX.Element | null {
  const color = coloring.color(item);
  if (color === undefined) return null;
  return (
    <g>
      <rect class="graph-swatch" x={width - PADDING - 10} y={9} width={10} height={10} rx={2} fill={cssColor(color)} />
      <text class="graph-caption" x={width - PADDING - 15} y={18} text-anchor="end">
        {formatBrief(coloring.quantity.format, coloring.value(item))}
      </text>
    </g>
  );
}

function captionOf(item: GraphItem, coloring: Coloring): string {
  const value = coloring.value(item);
  if (!Number.isFinite(value) || coloring.color(item) === undefined) return item.caption;
  return `${item.caption} · ${formatBrief(coloring.quantity.format, value)}`;
}

function describe(item: GraphItem, coloring: Coloring): string {
  const value = coloring.value(item);
  const measured = Number.isFinite(value)
    ? `, ${coloring.quantity.label} ${formatBrief(coloring.quantity.format, value)}`
    : '';
  return `${item.kind} ${item.label}, ${item.caption}${measured}`;
}
