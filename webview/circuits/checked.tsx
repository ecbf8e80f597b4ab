/** The model run with sources taken away, beside what the graph says of it. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Spinner } from '../controls/fields.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import type { FoundCircuit } from '../state/circuits.js';
import { useResource } from '../state/resource.js';
import { CheckTable } from './check-table.js';

/** A node, or the nodes of a group. */
export interface Side {
  readonly name: string;
  readonly nodes: readonly number[];
}

interface CheckedProps {
  readonly found: FoundCircuit;
  readonly source: Side;
  readonly target: Side;
}

export function Checked({ found: { answer }, source, target }: CheckedProps): JSX.Element {
  const [sources, targets] = [source.nodes, target.nodes];
  const check = useResource(
    (signal) => host.circuitCheck({ circuit: answer.id, sources, targets, factor: 0 }, signal),
    [answer.id, sources.join(), targets.join()],
  );
  const section = useRef<HTMLElement>(null);
  // The list that was clicked in may be longer than the window: the answer comes into view, first empty and then whole.
  useEffect(() => section.current?.scrollIntoView({ block: 'nearest' }), [check.loading]);
  return (
    <section class="circuit-check" aria-live="polite" ref={section}>
      <h4>
        {target.name} without {source.name}
      </h4>
      {check.loading && <Spinner label="Running the model without it" />}
      {check.error && <ProblemBox problem={check.error} action="Try again" onAction={check.retry} />}
      {check.value && <CheckTable check={check.value} isSum={sources.length > 1 || targets.length > 1} />}
    </section>
  );
}
