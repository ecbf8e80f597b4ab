/** A few things with one signed number each, as bars. */
import type { ComponentChildren, JSX } from 'preact';
import { formatNumber } from '../format/numbers.js';

export interface Bar {
  readonly key: string;
  readonly label: ComponentChildren;
  readonly value: number;
  /** More about it, under the pointer. */
  readonly hint?: string;
}

interface BarListProps {
  readonly title: string;
  readonly help?: ComponentChildren;
  readonly bars: readonly Bar[];
  /** Length of the longest bar; the largest number where nothing is said. */
  readonly reach?: number;
  /** What is said where there is none. */
  readonly none?: string;
}

export function BarList({ title, help, bars, reach, none }: BarListProps): JSX.Element {
  const longest = reach ?? (Math.max(...bars.map(({ value }) => Math.abs(value)), 0) || 1);
  return (
    <div>
      <h4>
        {title} {help}
      </h4>
      {bars.length === 0 && <p class="muted">{none}</p>}
      <ol class="effects">
        {bars.map(({ key, label, value, hint }) => (
          <li key={key} title={hint}>
            <span class="effect-token">{label}</span>
            <span class="effect-track">
              <span
                class={value < 0 ? 'effect-bar effect-negative' : 'effect-bar'}
                style={{ width: `${(100 * Math.abs(value)) / longest}%` }}
              />
            </span>
            <span class="effect-value">{formatNumber(value)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
