import type { JSX } from 'preact';
import type { Problem } from '../../src/core/errors.js';
import { Button } from '../controls/button.js';
import { Icon } from '../controls/icon.js';

interface ProblemBoxProps {
  readonly problem: Problem;
  readonly severity?: 'error' | 'warning';
  readonly action?: string;
  readonly onAction?: () => void;
}

/** What happened, where, and what to do about it. */
export function ProblemBox({ problem, severity = 'error', action, onAction }: ProblemBoxProps): JSX.Element {
  return (
    <div class={`problem problem-${severity}`} role="alert">
      <Icon name={severity} class={`icon-${severity}`} />
      <div class="problem-text">
        <div class="problem-message">{problem.message}</div>
        {problem.place && <div class="problem-place">{problem.place}</div>}
        {problem.remedy && <div class="problem-remedy">{problem.remedy}</div>}
      </div>
      {action && onAction && <Button onClick={onAction}>{action}</Button>}
    </div>
  );
}
