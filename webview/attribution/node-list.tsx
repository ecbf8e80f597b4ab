/** Nodes that an attribution could not follow, or followed as what they are not. */
import type { JSX } from 'preact';
import type { AttributionAnswer } from '../../src/protocol/attribution.js';
import type { SystemNode } from '../../src/protocol/linear.js';
import { METHOD_NAMES, type ScoreKind } from './methods.js';

/** Nodes that a sentence names. */
const NAMED = 5;

export function NodeList({
  kind,
  answer,
}: {
  kind: ScoreKind;
  answer: AttributionAnswer | undefined;
}): JSX.Element | null {
  if (answer === undefined || answer.cut.length + answer.inexact.length === 0) return null;
  return (
    <p class="note">
      {METHOD_NAMES[kind]}:{answer.cut.length > 0 && <> not followed: {named(answer.cut)}.</>}
      {answer.inexact.length > 0 && <> followed as if they did nothing: {named(answer.inexact)}.</>}
    </p>
  );
}

export function named(nodes: readonly SystemNode[]): string {
  const first = nodes.slice(0, NAMED).map(({ label, reason }) => `${label} (${reason})`);
  return [...first, ...(nodes.length > NAMED ? [`and ${nodes.length - NAMED} more`] : [])].join(', ');
}
