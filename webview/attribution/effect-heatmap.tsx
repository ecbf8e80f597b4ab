/** Effects of all parts: one row per value in the order of the graph, one cell per token or part of the picture. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PatchingAnswer } from '../../src/protocol/attribution.js';
import { formatReading } from '../format/numbers.js';
import { MapFrame } from '../linear/map/map-frame.js';
import { theme } from '../theme/theme.js';
import { cellAt, paintEffects, ROW_PX, type HeatCell, type HeatRow } from './paint-effects.js';
import { partName, type TokenPair } from './part-names.js';

interface EffectHeatmapProps {
  readonly title: string;
  readonly definition: string;
  readonly foot: string;
  readonly answer: PatchingAnswer;
  /** By part, as the effects. */
  readonly values: Float64Array;
  readonly reach: number;
  readonly tokens: TokenPair | undefined;
}

export function EffectHeatmap(props: EffectHeatmapProps): JSX.Element {
  const { title, definition, foot, answer, values, reach, tokens } = props;
  const { sites } = answer;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, point] = useState<HeatCell>();
  const rows = useMemo(
    () => sites.map(({ label, first, count }): HeatRow => ({ label, values: values.subarray(first, first + count) })),
    [sites, values],
  );
  const colors = theme.value;
  const draw = useRef<() => void>();
  draw.current = () => {
    if (canvas.current) paintEffects(canvas.current, rows, reach, pointed, colors);
  };
  useLayoutEffect(() => draw.current?.(), [rows, reach, pointed, colors]);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const observer = new ResizeObserver(() => draw.current?.());
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, []);
  const site = pointed && sites[pointed.row];
  const most = sites.reduce((largest, { count }) => Math.max(largest, count), 1);
  const saved = useMemo(
    () => ({ title, foot, dims: [sites.length, most], values: matrixOf(rows, most) }),
    [title, foot, rows, most],
  );
  return (
    <MapFrame title={title} definition={definition} canvas={canvas} saved={saved}>
      <canvas
        ref={canvas}
        class="effect-heatmap"
        style={{ height: `${rows.length * ROW_PX}px` }}
        role="application"
        aria-roledescription="heatmap"
        aria-label={`${title}. ${sites.length} values, up to ${most} parts each. Arrow keys move.`}
        tabIndex={0}
        onPointerMove={(event) => {
          const { left, top, width } = event.currentTarget.getBoundingClientRect();
          point(cellAt(rows, width, event.clientX - left, event.clientY - top));
        }}
        onPointerLeave={() => point(undefined)}
        onBlur={() => point(undefined)}
        onKeyDown={(event) => {
          const next = moved(event, pointed ?? { row: 0, cell: 0 }, rows);
          if (next === undefined) return;
          point(next);
          event.preventDefault();
        }}
      />
      <div class="map-reading" aria-live="polite">
        {pointed === undefined || site === undefined ? (
          <span class="muted">Point at a cell to read its value.</span>
        ) : (
          <>
            <strong>{formatReading('number', rows[pointed.row]?.values[pointed.cell] ?? NaN)}</strong>{' '}
            <span class="muted">
              {site.label}, {partName(site, pointed.cell, tokens)}
            </span>
          </>
        )}
      </div>
    </MapFrame>
  );
}

/** [values, parts]; what a value has fewer parts of is no number. */
function matrixOf(rows: readonly HeatRow[], most: number): Float32Array {
  const matrix = new Float32Array(rows.length * most).fill(NaN);
  rows.forEach(({ values }, row) => {
    for (let cell = 0; cell < values.length; cell++) matrix[row * most + cell] = values[cell] ?? NaN;
  });
  return matrix;
}

function moved(event: KeyboardEvent, { row, cell }: HeatCell, rows: readonly HeatRow[]): HeatCell | undefined {
  const to = (nextRow: number, nextCell: number): HeatCell => {
    const line = Math.min(rows.length - 1, Math.max(0, nextRow));
    const last = (rows[line]?.values.length ?? 1) - 1;
    return { row: line, cell: Math.min(last, Math.max(0, nextCell)) };
  };
  switch (event.key) {
    case 'ArrowUp':
      return to(row - 1, cell);
    case 'ArrowDown':
      return to(row + 1, cell);
    case 'ArrowLeft':
      return to(row, cell - 1);
    case 'ArrowRight':
      return to(row, cell + 1);
    case 'Home':
      return to(row, 0);
    case 'End':
      return to(row, Infinity);
    default:
      return undefined;
  }
}
