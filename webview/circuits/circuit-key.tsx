/** What marks, lines and widths of the picture of a circuit mean. */
import type { JSX } from 'preact';
import { theme } from '../theme/theme.js';
import { DASHES, WIDTHS } from './draw.js';

const [LINE_WIDTH, LINE_HEIGHT] = [26, 8];

export function CircuitKey(): JSX.Element {
  return (
    <ul class="circuit-key" aria-label="Key">
      <li>
        <span class="circuit-mark circuit-mark-token" /> token or output
      </li>
      <li>
        <span class="circuit-mark circuit-mark-feature" /> feature
      </li>
      <li>
        <span class="circuit-mark circuit-mark-error" /> what a transcoder missed (error)
      </li>
      <li>
        <span class="circuit-mark circuit-mark-group" /> nodes grouped by hand
      </li>
      <li>
        <span class="circuit-mark circuit-mark-pinned" /> pinned
      </li>
      <li>
        <Line width={WIDTHS.at(-1) ?? 1} /> adds
      </li>
      <li>
        <Line width={WIDTHS.at(-1) ?? 1} negative /> takes away
      </li>
      <li>
        {WIDTHS.map((width) => (
          <Line key={width} width={width} />
        ))}{' '}
        up to ¼, ½, ¾ and all of the largest edge into the same node
      </li>
    </ul>
  );
}

/** As the picture draws it. */
function Line({ width, negative = false }: { width: number; negative?: boolean }): JSX.Element {
  const color = theme.value.series[negative ? 1 : 0] ?? theme.value.foreground;
  return (
    <svg class="circuit-line" width={LINE_WIDTH} height={LINE_HEIGHT} aria-hidden="true">
      <line
        x1={0}
        y1={LINE_HEIGHT / 2}
        x2={LINE_WIDTH}
        y2={LINE_HEIGHT / 2}
        stroke={color}
        stroke-width={width}
        stroke-dasharray={negative ? DASHES.join(' ') : undefined}
      />
    </svg>
  );
}
