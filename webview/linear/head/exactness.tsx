/** Whether the linear system is what the network computes, and what stands in the way. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SystemDescription, SystemNode, SystemReading } from '../../../src/protocol/linear.js';
import { TextButton } from '../../controls/button.js';
import { Badge } from '../../controls/fields.js';
import { Help } from '../../controls/tooltip.js';
import { formatCount, formatNumber } from '../../format/numbers.js';
import { revealItem } from '../../state/reveal.js';

const NODES_SHOWN = 8;

interface ExactnessProps {
  readonly description: SystemDescription;
  readonly reading: SystemReading;
}

export function ExactnessView({ description, reading }: ExactnessProps): JSX.Element {
  const { exactness, cut, inexact, notes } = description;
  const { isExact, residual, tolerance } = exactness;
  return (
    <div class="exactness">
      <div class="exactness-line">
        <Badge tone={isExact ? 'good' : 'warning'}>{isExact ? 'Exact' : 'Not exact'}</Badge>
        <span>{verdict(description, reading)}</span>
        <span class="muted">
          residual {formatNumber(residual)}, tolerance {formatNumber(tolerance)}
        </span>
        <Help about="Residual">
          How far votes and biases together are from what the network computed, as a share of the sizes of everything
          that was added up; the largest over all outputs.
        </Help>
      </div>
      <NodeList
        title="Not read"
        says="What passes through these is held still: it is counted as a bias, not as votes."
        nodes={cut}
      />
      <NodeList title="Not what the node does near this input" says="The system goes on past these." nodes={inexact} />
      {notes.length > 0 && (
        <ul class="system-notes" aria-label="What was decided for you">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function verdict({ exactness, cut, inexact }: SystemDescription, reading: SystemReading): string {
  if (exactness.isExact) return 'Votes and biases add up to what the network computed on this input.';
  const beyond = exactness.residual > exactness.tolerance || Number.isNaN(exactness.residual);
  if (beyond && reading === 'tangent') return 'The derivative does not add up to what the network computed here.';
  if (beyond) return 'Votes and biases do not add up to what the network computed.';
  const nodes = cut.length + inexact.length;
  return `The numbers add up, but ${nodes === 1 ? 'one node is' : `${formatCount(nodes)} nodes are`} not read as ${nodes === 1 ? 'it works' : 'they work'}.`;
}

interface NodeListProps {
  readonly title: string;
  readonly says: string;
  readonly nodes: readonly SystemNode[];
}

function NodeList({ title, says, nodes }: NodeListProps): JSX.Element | null {
  const [all, setAll] = useState(false);
  if (nodes.length === 0) return null;
  const shown = all ? nodes : nodes.slice(0, NODES_SHOWN);
  return (
    <div class="exactness-nodes">
      <div>
        <strong>{title}.</strong> <span class="muted">{says}</span>
      </div>
      <ul>
        {shown.map(({ label, item, reason }) => (
          <li key={item}>
            <TextButton title="Show in graph" onClick={() => void revealItem(item)}>
              {label}
            </TextButton>
            : {reason}
          </li>
        ))}
      </ul>
      {shown.length < nodes.length && (
        <TextButton onClick={() => setAll(true)}>All {formatCount(nodes.length)}</TextButton>
      )}
    </div>
  );
}
