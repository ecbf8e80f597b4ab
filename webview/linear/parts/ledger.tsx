/** What each layer's biases added to each chosen output. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Vote } from '../../../src/protocol/linear.js';
import { Spinner } from '../../controls/fields.js';
import { ProblemBox } from '../../shell/problem-box.js';
import { revealItem } from '../../state/reveal.js';
import { chosenOutputs } from '../chosen-outputs.js';
import { outputName, outputWord } from '../ends.js';
import { OutputChooser } from '../output-chooser.js';
import { systemFoot, type System } from '../system.js';
import { useVotes } from '../use-votes.js';
import { ValueBars } from '../value-bars.js';
import { LedgerTable } from './ledger-table.js';

export function Ledger({ system }: { system: System }): JSX.Element {
  const { description } = system;
  const answer = useVotes(system, chosenOutputs(description));
  const votes = answer.value;
  return (
    <>
      <div class="part-tools">
        <OutputChooser description={description} />
      </div>
      {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
      {answer.loading && votes === undefined && <Spinner label="Adding up biases" />}
      {votes && (
        <>
          <LedgerTable description={description} votes={votes} />
          <LedgerBars system={system} votes={votes} />
        </>
      )}
    </>
  );
}

function LedgerBars({ system, votes }: { system: System; votes: readonly Vote[] }): JSX.Element {
  const { description } = system;
  const { layers } = description;
  const rows = useMemo(() => layers.map(({ label }) => label), [layers]);
  const series = useMemo(
    () => votes.map((vote) => ({ label: outputName(description, vote.output), values: vote.ledger })),
    [votes, description],
  );
  if (layers.length === 0) return <p class="note">No layer between the two ends adds a bias.</p>;
  return (
    <ValueBars
      title="Biases by layer"
      definition="The layer’s biases, sent through the rest of the network as it acted on this input, in the order of the graph. A click shows the layer in the graph."
      foot={systemFoot(system)}
      row="layer"
      rows={rows}
      series={series}
      valueLabel={`added to the ${outputWord(description)}`}
      onChoose={(layer) => {
        const item = layers[layer]?.item;
        if (item !== undefined) void revealItem(item);
      }}
    />
  );
}
