/** The map of weights: areas are bytes. A click on a tensor shows it, a click on a module's head opens it alone. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Legend } from '../charts/legend.js';
import { Select } from '../controls/select.js';
import { hideTooltip, showTooltip } from '../controls/tooltip.js';
import { formatBytes, formatCount, formatQuantity } from '../format/numbers.js';
import { formatShape } from '../format/words.js';
import { fitText } from '../graph/text.js';
import { ui } from '../state/interface-state.js';
import { selection, selectTensor } from '../state/selection.js';
import { tensorMetrics } from '../state/tensors.js';
import { theme } from '../theme/theme.js';
import type { ListedTensor } from './filter.js';
import { BY_TYPE, colorByMetric, colorByType, type MapColoring } from './map-coloring.js';
import { HEADER_PX, mapBoxes, mapTree, type MapBox } from './map-layout.js';
import { WayBack } from './way-back.js';

const LABEL_FONT = '11px sans-serif';
const LABEL_FROM_PX = 28;
const LABEL_HEIGHT_PX = 15;
const PADDING_PX = 4;

export function WeightMap({ shown }: { shown: readonly ListedTensor[] }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const moduleId = ui.weightsModule.value;
  const tree = useMemo(() => mapTree(shown, moduleId), [shown, moduleId]);
  const boxes = useMemo(() => mapBoxes(tree, size.width, size.height), [tree, size]);
  const metric = tensorMetrics.value.find(({ id }) => id === ui.weightsColor.value);
  const colors = theme.value;
  const coloring = useMemo(
    () => (metric === undefined ? colorByType(shown, colors) : colorByMetric(metric, colors)),
    [metric, shown, colors],
  );
  const choose = (box: MapBox): void => {
    hideTooltip();
    if (box.kind === 'tensor') selectTensor(Number(box.id));
    else ui.weightsModule.value = box.id;
  };
  const point = (box: MapBox, element: Element): void =>
    showTooltip(<BoxTooltip box={box} coloring={coloring} />, element.getBoundingClientRect());
  return (
    <section class="weight-map" aria-label="Map of weights">
      <div class="toolbar">
        <ColorSelect />
        <WayBack shown={shown} hint="Click the head of a module to see it alone." />
      </div>
      <div class="weight-map-frame" ref={frame} onPointerLeave={hideTooltip}>
        <svg width={size.width} height={size.height} role="group" aria-label="Areas are bytes on disk">
          {boxes.map((box) => (
            <Box
              key={`${box.kind} ${box.id}`}
              box={box}
              coloring={coloring}
              selected={box.kind === 'tensor' && Number(box.id) === selection.value.tensor}
              onChoose={() => choose(box)}
              onPoint={(element) => point(box, element)}
            />
          ))}
        </svg>
      </div>
      {metric !== undefined && coloring.domain !== undefined ? (
        <Legend quantity={metric} domain={coloring.domain} note="modules: mean of their tensors, by numbers" />
      ) : (
        <TypeLegend coloring={coloring} />
      )}
    </section>
  );
}

function ColorSelect(): JSX.Element {
  return (
    <Select
      label="Colour by"
      value={ui.weightsColor.value ?? BY_TYPE}
      choices={[
        { value: BY_TYPE, label: 'Type of number' },
        ...tensorMetrics.value.map(({ id, label }) => ({ value: id, label })),
      ]}
      onChange={(id) => (ui.weightsColor.value = id === BY_TYPE ? undefined : id)}
    />
  );
}

interface BoxProps {
  readonly box: MapBox;
  readonly coloring: MapColoring;
  readonly selected: boolean;
  readonly onChoose: () => void;
  readonly onPoint: (element: Element) => void;
}

function Box({ box, coloring, selected, onChoose, onPoint }: BoxProps): JSX.Element {
  const { left, top, width, height, label, open, kind } = box;
  const color = open ? undefined : coloring.color(box.tensors);
  const room = width - 2 * PADDING_PX;
  const labelled = width >= LABEL_FROM_PX && height >= LABEL_HEIGHT_PX;
  return (
    <g
      class={`map-box map-${kind} ${open ? 'open' : ''} ${selected ? 'selected' : ''}`}
      transform={`translate(${left} ${top})`}
      role="button"
      tabIndex={0}
      aria-label={`${kind} ${label}, ${formatBytes(box.bytes)}`}
      aria-pressed={kind === 'tensor' ? selected : undefined}
      onClick={onChoose}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onChoose();
      }}
      onPointerEnter={(event) => onPoint(event.currentTarget)}
      onFocus={(event) => onPoint(event.currentTarget)}
    >
      <rect width={width} height={height} style={{ fill: color?.fill }} />
      {labelled && (
        <text x={PADDING_PX} y={open ? HEADER_PX - 5 : 13} style={{ fill: color?.ink }}>
          {fitText(label, room, LABEL_FONT)}
        </text>
      )}
      {labelled && !open && height >= 2 * LABEL_HEIGHT_PX && (
        <text class="map-size" x={PADDING_PX} y={27} style={{ fill: color?.ink }}>
          {fitText(formatBytes(box.bytes), room, LABEL_FONT)}
        </text>
      )}
    </g>
  );
}

function BoxTooltip({ box, coloring }: { box: MapBox; coloring: MapColoring }): JSX.Element {
  const value = coloring.value(box.tensors);
  const [only] = box.tensors;
  const metric = tensorMetrics.peek().find(({ id }) => id === ui.weightsColor.peek());
  const numbers = box.tensors.reduce((sum, { row }) => sum + row.elements, 0);
  return (
    <div class="tooltip-table">
      <strong>{box.kind === 'tensor' ? only?.row.name : box.id.replaceAll('/', '.')}</strong>
      <div class="muted">
        {box.kind === 'tensor' && only !== undefined
          ? `${formatShape(only.row.dims)} ${only.row.dtype}`
          : `${formatCount(box.tensors.length)} tensors`}
      </div>
      <dl>
        <dt>Numbers</dt>
        <dd>{formatCount(numbers)}</dd>
        <dt>Size</dt>
        <dd>{formatBytes(box.bytes)}</dd>
        {metric !== undefined && Number.isFinite(value) && (
          <>
            <dt>{metric.label}</dt>
            <dd>{formatQuantity(metric.format, value)}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

function TypeLegend({ coloring }: { coloring: MapColoring }): JSX.Element {
  return (
    <ul class="type-legend" aria-label="Types of numbers">
      {(coloring.types ?? []).map(({ type, fill }) => (
        <li key={type}>
          <span class="type-swatch" style={{ background: fill }} /> {type}
        </li>
      ))}
    </ul>
  );
}

function useSize(frame: { current: HTMLDivElement | null }): { readonly width: number; readonly height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return size;
}
