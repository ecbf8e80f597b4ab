/** Votes of features or positions as bars, one for each output, and the equation of each. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Vote } from '../../../src/protocol/linear.js';
import { outputName, outputWord, positionCount, positionName, positionWord } from '../ends.js';
import { systemFoot, type System } from '../system.js';
import { ValueBars } from '../value-bars.js';
import { VoteEquation } from '../vote-equation.js';

interface VoteBarsProps {
  readonly system: System;
  readonly votes: readonly Vote[];
}

export function VoteBars({ system, votes }: VoteBarsProps): JSX.Element {
  const { description } = system;
  const { layout, values } = description.from;
  const word = positionWord(layout);
  const rows = useMemo(
    () => Array.from({ length: positionCount(layout) }, (_, position) => positionName(layout, position)),
    [layout],
  );
  const series = useMemo(
    () => votes.map((vote) => ({ label: outputName(description, vote.output), values: vote.votes })),
    [votes, description],
  );
  const title = `Votes by ${word}`;
  const all = useMemo(() => Float32Array.from(votes.flatMap((vote) => [...vote.votes])), [votes]);
  return (
    <>
      <ValueBars
        title={title}
        definition={`The ${word}’s number times the network’s weight for it: what it added to the ${outputWord(description)} or took from it.`}
        foot={systemFoot(system)}
        row={word}
        rows={layout.kind === 'vector' ? rows.map((name, index) => `${name} = ${short(values[index])}`) : rows}
        series={series}
        valueLabel={`vote, in units of the ${outputWord(description)}`}
        saved={{ title, foot: systemFoot(system), values: all, dims: [votes.length, rows.length] }}
      />
      <div class="equations">
        {votes.map((vote) => (
          <div key={vote.output}>
            <h3>{outputName(description, vote.output)}</h3>
            <VoteEquation vote={vote} description={description} />
          </div>
        ))}
      </div>
    </>
  );
}

function short(value: number | undefined): string {
  return value === undefined ? '–' : String(Number(value.toPrecision(3)));
}
