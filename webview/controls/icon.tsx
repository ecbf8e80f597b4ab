/** Line icons on a 16 × 16 grid, in the colour of the text around them. */
import type { JSX } from 'preact';

const PATHS = {
  error: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8',
  warning: 'M8 1.8L15 14.2H1zM8 6.4v4M8 11.8v.8',
  information: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M8 7.2v4.2M8 4.4v.9',
  check: 'M2.8 8.6l3.4 3.4l7-8',
  play: 'M4.5 2.6v10.8l8.6-5.4z',
  stop: 'M3.8 3.8h8.4v8.4H3.8z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  save: 'M8 2v8M4.8 7L8 10.2L11.2 7M2.5 12v1.5h11V12',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  right: 'M6 3.2l4.8 4.8L6 12.8',
  down: 'M3.2 6L8 10.8L12.8 6',
  up: 'M3.2 10L8 5.2L12.8 10',
  left: 'M10 3.2L5.2 8l4.8 4.8',
  table: 'M2.5 3h11v10h-11zM2.5 6.4h11M2.5 9.7h11M6.4 3v10',
  chart: 'M2.5 2.5v11h11M5.5 11V8M8.5 11V4.5M11.5 11V6.5',
  target: 'M8 4.2a3.8 3.8 0 1 0 0 7.6a3.8 3.8 0 1 0 0-7.6M8 1.2v3M8 11.8v3M1.2 8h3M11.8 8h3',
  collapse: 'M4 6.5h8M4 9.5h8M8 1v3.4M6.4 2.9L8 4.4l1.6-1.5M8 15v-3.4M6.4 13.1L8 11.6l1.6 1.5',
  unfold: 'M4 8h8M8 1.2v4M6.2 3L8 1.2L9.8 3M8 14.8v-4M6.2 13L8 14.8L9.8 13',
  refresh: 'M13.2 6.2A5.5 5.5 0 1 0 13.5 9M13.6 2.6v3.7H9.9',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, class: className = '' }: { name: IconName; class?: string }): JSX.Element {
  const solid = name === 'play' || name === 'stop';
  return (
    <svg
      class={`icon ${solid ? 'icon-solid' : ''} ${className}`}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
