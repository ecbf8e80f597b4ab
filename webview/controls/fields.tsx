/** Small controls: check box, badge, progress. */
import { h, type ComponentChildren, type JSX } from 'preact';

interface CheckboxProps {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly children: ComponentChildren;
}

export function Checkbox({ checked, onChange, children }: CheckboxProps): JSX.Element {
  return h(
    'vscode-checkbox',
    {
      checked,
      onChange: (event: Event) => {
        const next = (event.target as HTMLInputElement).checked;
        if (next !== checked) onChange(next);
      },
    },
    children,
  );
}

type BadgeTone = 'plain' | 'information' | 'good' | 'warning';

export function Badge({
  children,
  title,
  tone = 'plain',
}: {
  children: ComponentChildren;
  title?: string;
  tone?: BadgeTone;
}): JSX.Element {
  return (
    <span class={`badge badge-${tone}`} title={title}>
      {children}
    </span>
  );
}

/** `share` from 0 to 1; undefined while unknown. */
export function ProgressBar({ share, label }: { share: number | undefined; label: string }): JSX.Element {
  const percent = share === undefined ? undefined : Math.round(share * 100);
  return (
    <div
      class={`progress ${percent === undefined ? 'progress-unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div class="progress-bar" style={{ width: percent === undefined ? undefined : `${percent}%` }} />
    </div>
  );
}

export function Spinner({ label }: { label: string }): JSX.Element {
  return (
    <div class="spinner" role="status">
      {h('vscode-progress-ring', { 'aria-hidden': 'true' })}
      <span>{label}</span>
    </div>
  );
}
