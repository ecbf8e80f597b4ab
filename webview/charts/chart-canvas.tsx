import type { ChartConfiguration, ChartType } from 'chart.js';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { theme, type Theme } from '../theme/theme.js';
import { Chart } from './chart.js';

interface ChartCanvasProps<T extends ChartType> {
  /** What the chart shows, for people who do not see it; its table says the same in numbers. */
  readonly label: string;
  /** Makes the chart; called again when the theme or `dependencies` change. */
  readonly configure: (theme: Theme) => ChartConfiguration<T>;
  readonly dependencies: readonly unknown[];
  readonly heightPx: number;
  readonly canvas?: { current: HTMLCanvasElement | null };
}

export function ChartCanvas<T extends ChartType>(props: ChartCanvasProps<T>): JSX.Element {
  const { label, configure, dependencies, heightPx, canvas } = props;
  const own = useRef<HTMLCanvasElement>(null);
  const colors = theme.value;
  useEffect(() => {
    if (own.current === null) return undefined;
    if (canvas) canvas.current = own.current;
    const chart = new Chart(own.current, configure(colors));
    return () => chart.destroy();
  }, [colors, ...dependencies]);
  return (
    <div class="chart" style={{ height: `${heightPx}px` }}>
      <canvas ref={own} role="img" aria-label={label} />
    </div>
  );
}
