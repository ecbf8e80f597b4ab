/** What certificates hold for, and the way to state another range of inputs. */
import type { JSX } from 'preact';
import { Button } from '../controls/button.js';
import { progress, runCommand } from '../state/session.js';

/** Nothing for other passes: only certificates rest on ranges of inputs. */
export function RangePart({ pass }: { pass: string }): JSX.Element | null {
  if (pass !== 'certificates') return null;
  return (
    <div class="compare-controls">
      <Button
        icon="target"
        disabled={progress.value !== undefined}
        onClick={() => void runCommand('modelInspector.stateInputRange')}
      >
        State Input Range…
      </Button>
      <span class="muted">
        Proofs hold for every input within a range. State your own, or have it cut finer to prove more.
      </span>
    </div>
  );
}
