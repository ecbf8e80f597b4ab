/** What each part of the input voted for each chosen output. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { Checkbox, Spinner } from '../../controls/fields.js';
import { ProblemBox } from '../../shell/problem-box.js';
import { ui } from '../../state/interface-state.js';
import { chosenOutputs } from '../chosen-outputs.js';
import { reachOf } from '../ends.js';
import { OutputChooser } from '../output-chooser.js';
import type { System } from '../system.js';
import { useVotes } from '../use-votes.js';
import { VoteBars } from './vote-bars.js';
import { VoteLegend } from './vote-legend.js';
import { VoteMaps } from './vote-maps.js';
import { VoteTexts } from './vote-texts.js';

export function Votes({ system }: { system: System }): JSX.Element {
  const { description } = system;
  const outputs = chosenOutputs(description);
  const answer = useVotes(system, outputs);
  const votes = answer.value;
  const reach = useMemo(() => reachOf(votes?.map((vote) => vote.votes) ?? []), [votes]);
  const { kind } = description.from.layout;
  return (
    <>
      <div class="part-tools">
        <OutputChooser description={description} />
        <span class="spacer-flex" />
        {kind === 'image' && (
          <Checkbox checked={ui.linearOverlay.value} onChange={(checked) => (ui.linearOverlay.value = checked)}>
            Draw over the input
          </Checkbox>
        )}
      </div>
      {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
      {answer.loading && votes === undefined && <Spinner label="Counting votes" />}
      {votes && (
        <>
          {kind !== 'vector' && <VoteLegend system={system} reach={reach} />}
          {kind === 'image' && <VoteMaps system={system} votes={votes} reach={reach} />}
          {kind === 'sequence' && <VoteTexts system={system} votes={votes} reach={reach} />}
          {kind === 'vector' && <VoteBars system={system} votes={votes} />}
        </>
      )}
    </>
  );
}
