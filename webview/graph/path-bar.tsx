/** Says what path is shown or being chosen, above the graph. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { GraphItem } from '../../src/protocol/model.js';
import { IconButton, TextButton } from '../controls/button.js';
import { formatCount } from '../format/numbers.js';
import { clearPath, pathStart, shownPath, startPath, type ShownPath } from '../state/path.js';
import { revealItem } from '../state/reveal.js';

export function PathBar(): JSX.Element | null {
  const start = pathStart.value;
  const path = shownPath.value;
  useLeaveWithEscape(start !== undefined || path !== undefined);
  useEffect(() => {
    // The arrow keys that choose its end are the graph's.
    if (start !== undefined) document.querySelector<SVGElement>('.graph-svg [tabindex="0"]')?.focus();
  }, [start]);
  if (start === undefined && path === undefined) return null;
  return (
    <div class="path-bar" role="status">
      <span class="path-bar-text">
        {start && (
          <>
            Path from <strong>{start.label}</strong>: choose where it ends, with a click or with the arrow keys and
            Enter.
          </>
        )}
        {path && <PathText path={path} />}
      </span>
      <IconButton
        icon="close"
        label={start ? 'Choose no path (Escape)' : 'Show no path (Escape)'}
        onClick={clearPath}
      />
    </div>
  );
}

/** Also where the focus is not in the graph; what has taken the key keeps it. */
function useLeaveWithEscape(isShown: boolean): void {
  useEffect(() => {
    if (!isShown) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented) clearPath();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [isShown]);
}

function PathText({ path: { from, to, answer } }: { path: ShownPath }): JSX.Element {
  const ends = (
    <>
      <TextButton onClick={() => void revealItem(from.id)}>{from.label}</TextButton>
      {' → '}
      <TextButton onClick={() => void revealItem(to.id)}>{to.label}</TextButton>
    </>
  );
  if (answer.kind === 'none') {
    return (
      <>
        No path {ends}. {answer.reason}
      </>
    );
  }
  const { nodes, onAnyPath, direction } = answer;
  const others = onAnyPath.items.length - answer.shortest.items.length;
  return (
    <>
      {ends}: {nodes === 1 ? '1 node' : `${formatCount(nodes)} nodes`} on the shortest path
      {others > 0 && `, ${formatCount(others)} more on others`}
      {direction === 'backward' && '; the data flows the other way'}.
    </>
  );
}

/** Begins a path at an item. */
export function PathFromHere({ id, label }: Pick<GraphItem, 'id' | 'label'>): JSX.Element {
  return (
    <TextButton
      title="Show the way that numbers take from here to another place of the graph"
      onClick={() => startPath({ id, label })}
    >
      Path from here…
    </TextButton>
  );
}
