/** A long question under way: how far it is, and a way to stop it. */
import type { JSX } from 'preact';
import { TextButton } from './button.js';
import { ProgressBar } from './fields.js';

interface LongWorkProps {
  readonly label: string;
  /** 0 to 1; undefined while unknown. */
  readonly progress: number | undefined;
  readonly onStop?: () => void;
  /** "Cancel" where nothing is kept of what was done. */
  readonly stopLabel?: string;
}

export function LongWork({ label, progress, onStop, stopLabel = 'Stop' }: LongWorkProps): JSX.Element {
  return (
    <div class="long-work" role="status">
      <div class="long-work-line">
        <span>
          {label}
          {progress !== undefined && ` ${Math.round(progress * 100)} %`}
        </span>
        {onStop && <TextButton onClick={onStop}>{stopLabel}</TextButton>}
      </div>
      <ProgressBar share={progress} label={label} />
    </div>
  );
}
