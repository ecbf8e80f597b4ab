/** The questions that a linear system answers, one at a time. */
import type { JSX } from 'preact';
import { AttributionPart } from '../attribution/attribution-part.js';
import { PatchingPart } from '../attribution/patching-part.js';
import { Tabs, type Tab } from '../controls/tabs.js';
import { ui, type LinearPart } from '../state/interface-state.js';
import { Backwards } from './parts/backwards.js';
import { Compare } from './parts/compare.js';
import { Ledger } from './parts/ledger.js';
import { ManyInputs } from './parts/many-inputs.js';
import { RowsAndColumns } from './parts/rows-and-columns.js';
import { SingularVectors } from './parts/singular-vectors.js';
import { Votes } from './parts/votes.js';
import { systemKey, type System } from './system.js';

const PARTS: readonly Tab<LinearPart>[] = [
  { name: 'votes', label: 'Votes' },
  { name: 'ledger', label: 'Bias ledger' },
  { name: 'attribution', label: 'Attribution' },
  { name: 'patching', label: 'Patching' },
  { name: 'rows', label: 'Rows and columns' },
  { name: 'singular', label: 'Strongest patterns' },
  { name: 'backwards', label: 'Backwards' },
  { name: 'compare', label: 'Two inputs' },
  { name: 'many', label: 'Many inputs' },
];

const SAYS: Readonly<Record<LinearPart, string>> = {
  votes:
    'What each part of the input added to an output or took from it: its number times the network’s weight for it.',
  ledger: 'What each layer’s biases added to an output, whatever the input’s parts were worth.',
  attribution:
    'The same outputs by other methods, beside the votes: what each part of the input is held responsible for, and what the method leaves unexplained.',
  patching:
    'Put parts of one input’s run into another’s, and see which of them restore or destroy the difference between the two.',
  rows: 'A row is the filter over the input that makes one output; a column is what one part of the input paints over the output.',
  singular: 'The patterns in the input that the network amplifies most here, and what each becomes.',
  backwards:
    'Play the network backwards: choose a pattern over the output and see what the input needs for it (Aᵀ times the pattern).',
  compare: 'The votes and biases of two inputs for the same outputs, and where they differ.',
  many: 'The systems of many inputs together: mean votes, and how much biases decide from input to input.',
};

export function LinearParts({ system, size }: { system: System; size: number }): JSX.Element {
  const { from, to } = system.description;
  const live = from.layout.kind === 'image' && to.layout.kind === 'image';
  const part = ui.linearPart.value ?? (live ? 'rows' : 'votes');
  return (
    <>
      <Tabs label="Questions" tabs={PARTS} active={part} onChange={(next) => (ui.linearPart.value = next)} />
      <div class="linear-part" role="tabpanel" key={systemKey(system.request)}>
        <p class="question">{SAYS[part]}</p>
        {part === 'votes' && <Votes system={system} />}
        {part === 'ledger' && <Ledger system={system} />}
        {part === 'attribution' && <AttributionPart system={system} size={size} />}
        {part === 'patching' && <PatchingPart system={system} size={size} />}
        {part === 'rows' && <RowsAndColumns system={system} />}
        {part === 'singular' && <SingularVectors system={system} />}
        {part === 'backwards' && <Backwards system={system} />}
        {part === 'compare' && <Compare system={system} size={size} />}
        {part === 'many' && <ManyInputs system={system} size={size} />}
      </div>
    </>
  );
}
